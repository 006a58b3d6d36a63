"""`python -m disburse`."""

from disburse.cli import main

if __name__ == "__main__":
    main()
