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
    # within one half-life; after each further one it is half of that, exactly
    first = [Decimal(2) ** (-Decimal(days) / half_life) * ONE for days in range(half_life)]
    for days in range(41 * half_life + 1):
        halvings, rest = divmod(days, half_life)
        print(days, half_life, (ONE >> halvings) if rest == 0 else int(first[rest] / 2**halvings))
