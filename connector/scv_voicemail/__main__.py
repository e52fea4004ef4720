"""`python -m scv_voicemail`: the command line."""

from scv_voicemail.cli import main

if __name__ == "__main__":
    main()
