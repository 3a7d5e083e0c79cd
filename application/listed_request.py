"""An order's request by the token list: which tokens it means, and whether they have such an amount."""

from attrs import evolve

from application.ports.token_registry import TokenRegistry
from domain.errors import AmbiguousToken, FieldError, InvalidAmount, UnknownToken, ValidationFailed
from domain.order import Order
from domain.order_request import OrderRequest


def listed_request(request: OrderRequest, tokens: TokenRegistry) -> OrderRequest:
    """Return the request with its tokens' addresses: what it means stays, whatever becomes of the list.

    Raises UnknownToken, AmbiguousToken; ValidationFailed for an amount finer than its token, and for one token twice.
    """
    sold, bought = tokens.find(request.input_token), tokens.find(request.output_token)
    errors = []
    if (sold.chain, sold.address) == (bought.chain, bought.address):
        errors.append(FieldError("outputToken", "must differ from inputToken"))
    elif sold.chain != bought.chain:
        errors.append(FieldError("outputToken", f"must be of {sold.chain}, as inputToken is"))
    try:
        sold.base_units(request.amount)
    except InvalidAmount as error:
        errors.append(FieldError("amount", str(error)))
    if errors:
        raise ValidationFailed(tuple(errors))
    return evolve(request, input_token=sold.address, output_token=bought.address)


def repeated_request(request: OrderRequest, earlier: Order, tokens: TokenRegistry) -> OrderRequest:
    """Return a request that the list refuses as it was when it was taken, for `earlier`, if it is the same.

    A name that the list has no more, or gives to several tokens, is taken for the earlier order's token.
    """

    def then(name: str, kept: str) -> str:
        try:
            return tokens.find(name).address
        except (UnknownToken, AmbiguousToken):
            return kept

    return evolve(
        request,
        input_token=then(request.input_token, earlier.input_token),
        output_token=then(request.output_token, earlier.output_token),
    )


def listed_pair(pair: str, tokens: TokenRegistry) -> str:
    """Return a pair, such as SOL/USDC, as orders have it. Raises UnknownToken, AmbiguousToken."""
    sold, _, bought = pair.partition("/")
    return f"{tokens.find(sold).address}/{tokens.find(bought).address}"
