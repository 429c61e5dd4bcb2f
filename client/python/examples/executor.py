"""concurrent.futures on other machines: an executor here, workers anywhere.

    sluice worker executor:count_primes        # as many as you like, wherever this file is
    python executor.py
"""

import concurrent.futures

import sluice

LIMITS = range(100, 2100, 100)


def count_primes(limit):
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, limit))


def main():
    with sluice.Executor() as executor:
        futures = {executor.submit(count_primes, limit): limit for limit in LIMITS}
        for future in concurrent.futures.as_completed(futures):
            print(f"{future.result()} primes below {futures[future]}")


if __name__ == "__main__":
    main()
