"""Makes the same call many times by Python, and prints how long each took, in nanoseconds, as a JSON array.

Arguments: sdk or requests, how many calls, the path of the call, the token.
"""

import json
import os
import sys
import time


def sdk_call():
    import looker_sdk

    sdk = looker_sdk.init40()
    return sdk.me


def requests_call(path, token):
    import requests

    session = requests.Session()
    session.headers["authorization"] = f"token {token}"
    url = os.environ["LOOKERSDK_BASE_URL"] + path
    return lambda: session.get(url).content


def main():
    kind, calls, path, token = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    call = sdk_call() if kind == "sdk" else requests_call(path, token)
    times = []
    # The first tenth signs in and makes connections, and does not count.
    for number in range(calls + calls // 10):
        start = time.perf_counter_ns()
        assert call()
        taken = time.perf_counter_ns() - start
        if number >= calls // 10:
            times.append(taken)
    json.dump(times, sys.stdout)


main()
