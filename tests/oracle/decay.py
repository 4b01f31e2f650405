#!/usr/bin/env python3
"""Every decay that is not 0: `DAYS HALF_LIFE TRILLIONTHS` a line.

Written from docs/lenses.md: 0.5^(days / half-life), floored to trillionths, with sixty
decimal digits where the code has sixty-two bits. One more half-life than needed, to see
it reach 0.
"""

from decimal import Decimal, ROUND_FLOOR, getcontext

getcontext().prec = 60
getcontext().rounding = ROUND_FLOOR
ONE = 10**12

for half_life in (730, 365, 180, 90, 30):
    for days in range(41 * half_life + 1):
        if days % half_life == 0:
            exact = ONE >> days // half_life
        else:
            exact = int(Decimal(2) ** (-Decimal(days) / half_life) * ONE)
        print(days, half_life, exact)
