"""Compares the requests of the connector with those of Looker's Python SDK, for every operation and every variant."""

import argparse
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import compare
import differences
import forms
import inputs
import sdk
from compare import Difference
from connector import Connector, Refused
from recorder import Recorder, Request
from report import Finding, Report

LIST = Path(__file__).with_name("differences.toml")
FORM = "form"


def main() -> int:
    options = _options()
    entries = differences.read(LIST)
    # login_user warns that it changed in 21.4.
    warnings.simplefilter("ignore")
    with Recorder() as recorder:
        connector = Connector(options.component, {"domain": recorder.address, "access_token": "token"})
        client = sdk.client(recorder.address)
        report = Report(f"Looker's Python SDK {version('looker_sdk')} and {options.component.name}, request by request")
        known = connector.operations()
        operations = sdk.operations()
        report.not_in_sdk = sorted(set(known) - {operation.name for operation in operations})
        for number, operation in enumerate(operations):
            if options.operation and operation.name not in options.operation:
                continue
            if operation.name not in known:
                missing = Difference("outcome", "sent", "the connector has no such operation")
                _note(report, entries, operation.name, FORM, [missing])
                continue
            described = forms.compare(operation, connector.input_schema(operation.name))
            _note(report, entries, operation.name, FORM, described)
            for case in inputs.cases(operation, number):
                found, ours, sent = _call(client, connector, recorder, case)
                _note(report, entries, case.operation, case.variant, found, ours, sent)
    if options.operation:
        print("\n".join(str(one) for findings in report.findings for one in findings))
    else:
        report.unused = [problem for entry in entries for problem in entry.unused()]
    meanings = {variant.name: variant.meaning for variant in inputs.VARIANTS}
    meanings[FORM] = "the inputs that are described: names, types, required, values to choose from"
    print(report.table(meanings, entries))
    if options.json:
        options.json.write_text(json.dumps(report.json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    ranks = list(report.operations().values())
    bad = ranks.count("unexplained") + len(report.unused)
    print(f"\nconformance: {len(ranks) - ranks.count('unexplained')} passed, {bad} failed")
    return 1 if report.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/conformance/run.sh", description=__doc__)
    parser.add_argument("component", type=Path, help="the built connector, a .wasm file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was found to this file")
    parser.add_argument("--operation", action="append", metavar="NAME", help="only this one, and tell all")
    return parser.parse_args()


def _note(report, entries, operation: str, variant: str, found: list[Difference], ours=None, sent=False):
    explained = [(one, differences.explain(entries, operation, variant, one, ours)) for one in found]
    findings = [Finding(operation, variant, one, entry) for one, entry in explained]
    report.add(operation, variant, findings, sent)


def _call(client, connector: Connector, recorder: Recorder, case: inputs.Case) -> tuple:
    """Makes one call on both sides. Gives what differs, the connector's request, and whether both sent one."""
    theirs, their_outcome = _their_request(client, recorder, case)
    ours, our_outcome = _our_request(connector, recorder, case)
    found = [] if their_outcome == our_outcome else [Difference("outcome", their_outcome, our_outcome)]
    sent = bool(theirs and ours)
    if sent:
        found += compare.compare(theirs, ours)
    return found, ours, sent


def _their_request(client, recorder: Recorder, case: inputs.Case) -> tuple[Request | None, str]:
    outcome = "sent"
    try:
        getattr(client, case.operation)(**case.arguments)
    # Whatever the SDK does wrong is a finding, not the end of the run.
    except Exception as error:
        outcome = f"raises {type(error).__name__}: {error}"
    return _only(recorder.take(), outcome)


def _our_request(connector: Connector, recorder: Recorder, case: inputs.Case) -> tuple[Request | None, str]:
    outcome = "sent"
    try:
        connector.invoke(case.operation, case.fields)
    except Refused as failure:
        outcome = str(failure)
    return _only(recorder.take(), outcome)


def _only(requests: list[Request], outcome: str) -> tuple[Request | None, str]:
    """The one request of a call; with more or fewer, an outcome that says so."""
    if len(requests) == 1:
        return requests[0], outcome
    return None, outcome if outcome != "sent" else f"{len(requests)} requests"


if __name__ == "__main__":
    sys.exit(main())
