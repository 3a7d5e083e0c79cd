r"""The commands in the docs: found, run on a terminal, and compared with what the pages show.

How a page shows commands:
- a fence named `console`; each command begins with `$ `, and goes on in the next line after a `\\`;
- what it prints follows, as a terminal of 100 columns shows it; nothing there means that it isn't looked at;
- `...` stands for anything in a line, or, alone in a line, for any lines;
- ids, times, prices, durations, rates, hashes and the venue that was chosen differ from run to run: not compared.
  An order's id on the page stands for the real one from its first place in an output on, also in later commands;
- a command that ends with another code than 0 is followed by `$ echo $?` and that code;
- what a page exports holds to its end.
"""
