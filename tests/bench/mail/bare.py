"""The fastest that one connection can be in plain Python: a loop over smtplib that sends the same bytes to everybody.

`python bare.py PORT MAILS FILE` prints the seconds.
"""

import smtplib
import sys
import time
from pathlib import Path


def main() -> None:
    port, mails, content = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).read_bytes()
    server = smtplib.SMTP("127.0.0.1", port)
    server.ehlo()
    started = time.perf_counter()
    for number in range(mails):
        server.sendmail("updates@bench.example", [f"r{number}@bench.example"], content)
    print(time.perf_counter() - started)
    server.quit()


if __name__ == "__main__":
    main()
