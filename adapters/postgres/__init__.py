"""The order store on Postgres 14 to 18: the truth about orders."""
