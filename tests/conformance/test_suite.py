"""That the suite sees what it is there to see: a suite that finds nothing must not be one that cannot."""

import re
import unittest
from dataclasses import replace

import differences
import forms
import inputs
import sdk
from compare import Difference, compare
from differences import Entry, explain
from main import LIST
from recorder import Request
from report import Finding, Report

REQUEST = Request(
    "POST", "/api/4.0/users/a%2Fb?fields=id%2Cname&limit=5", "application/json", b'{"a": [1, {"b": null}]}'
)
EVERYTHING = re.compile(".*", re.DOTALL)


def changed(**changes) -> list[str]:
    """The places that differ when the connector's request is changed."""
    return [one.place for one in compare(REQUEST, replace(REQUEST, **changes))]


def entry(**changes) -> Entry:
    whole = Entry("name", EVERYTHING, EVERYTHING, EVERYTHING, None, (), (), "ours", "reason")
    return replace(whole, explained=set(), **changes)


class Comparing(unittest.TestCase):
    def test_every_part_of_a_request_counts(self):
        self.assertEqual(changed(), [])
        self.assertEqual(changed(method="PUT"), ["method"])
        self.assertEqual(changed(content_type=None), ["content-type"])
        self.assertEqual(changed(target="/api/4.0/users/a?fields=id%2Cname&limit=5"), ["path.3"])
        self.assertEqual(changed(target="/api/4.0/users/a%2Fb/c?fields=id%2Cname&limit=5"), ["path.4"])
        self.assertEqual(changed(target="/api/4.0/users/a%2Fb?limit=6"), ["query.fields", "query.limit"])
        self.assertEqual(changed(target="/api/4.0/users/a%2Fb?fields=id%2Cname&limit=5&limit=5"), ["query.limit"])
        self.assertEqual(changed(body=b'{"a": [1, {}]}'), ["body.a.1.b"])
        self.assertEqual(changed(body=b'{"a": [1]}'), ["body.a"])
        self.assertEqual(changed(body=b""), ["body"])

    def test_json_types_count(self):
        for ours in (b'{"a": [true, {"b": null}]}', b'{"a": [1.0, {"b": null}]}', b'{"a": ["1", {"b": null}]}'):
            self.assertEqual(changed(body=ours), ["body.a.0"])

    def test_order_and_spelling_do_not_count(self):
        self.assertEqual(changed(target="/api/4.0/users/%61%2Fb?limit=5&fields=id%2Cname"), [])
        self.assertEqual(changed(body=b'{"a":[1,{"b":null}]}'), [])

    def test_the_path_is_encoded_whole(self):
        self.assertEqual(changed(target="/api/4.0/users/a%2Fb?fields=id,name&limit=5"), ["encoding"])
        self.assertIn("encoding", changed(target="/api/4.0/users/a:b?fields=id%2Cname&limit=5"))

    def test_a_name_given_twice_is_no_json(self):
        with self.assertRaisesRegex(ValueError, "given twice"):
            changed(body=b'{"a": 1, "a": 1}')


class Listing(unittest.TestCase):
    def test_an_entry_explains_what_fits_it_and_nothing_else(self):
        one = entry(place=re.compile("body"), operations=("a",), variants=("empty",))
        difference = Difference("body", "x", "y")
        self.assertIs(explain([one], "a", "empty", difference, None), one)
        self.assertIsNone(explain([one], "b", "empty", difference, None))
        self.assertIsNone(explain([one], "a", "loose", difference, None))
        self.assertIsNone(explain([one], "a", "empty", replace(difference, place="body.x"), None))

    def test_relations_hold_for_what_they_name_only(self):
        def holds(relation, theirs, ours, request=None):
            return entry(relation=relation).fits("", "", Difference("", theirs, ours), request)

        self.assertTrue(holds("same-instant", '"2026-01-31T12:34:56.000000+0000"', '"2026-01-31T12:34:56Z"'))
        self.assertFalse(holds("same-instant", '"2026-01-31T12:34:56.000000+0100"', '"2026-01-31T12:34:56Z"'))
        self.assertFalse(holds("same-instant", '"x"', '"2026-01-31T12:34:56Z"'))
        self.assertTrue(holds("same-minute", "2026-01-31T12:34Z", "2026-01-31T12:34:56Z"))
        self.assertFalse(holds("same-minute", "2026-01-31T12:35Z", "2026-01-31T12:34:56Z"))
        self.assertTrue(holds("theirs-decoded-twice", "a/b", "a%2Fb"))
        self.assertFalse(holds("theirs-decoded-twice", "a/c", "a%2Fb"))
        self.assertTrue(holds("theirs-raw", "a b", '"a b"'))
        self.assertFalse(holds("theirs-raw", "5", "5"))
        self.assertFalse(holds("no-body", "", "", REQUEST))
        self.assertTrue(holds("no-body", "", "", replace(REQUEST, body=b"")))

    def test_what_explains_nothing_is_told(self):
        one = entry(operations=("a", "b"), variants=("empty", "loose"))
        self.assertEqual(one.unused(), ['the entry "name" explains nothing any more'])
        explain([one], "a", "empty", Difference("body", "x", "y"), None)
        expected = [f'the entry "name" explains nothing of {what}' for what in ("operation b", "variant loose")]
        self.assertEqual(one.unused(), expected)

    def test_the_list_names_operations_and_variants_that_there_are(self):
        operations = {one.name for one in sdk.operations()}
        variants = {one.name for one in inputs.VARIANTS}
        for one in differences.read(LIST):
            self.assertLessEqual(set(one.operations), operations, one.name)
            self.assertLessEqual(set(one.variants), variants, one.name)
            self.assertGreater(len(one.reason), 40, one.name)


class Reporting(unittest.TestCase):
    def test_what_is_unexplained_or_unused_fails(self):
        report = Report("title")
        self.assertTrue(report.failed, "nothing was compared")
        report.add("a", "empty", [Finding("a", "empty", Difference("body", "x", "y"), entry())], True)
        self.assertFalse(report.failed)
        report.unused = ["one"]
        self.assertTrue(report.failed)
        report.unused = []
        report.add("a", "loose", [Finding("a", "loose", Difference("body", "x", "y"), None)], True)
        self.assertTrue(report.failed)
        self.assertEqual(report.operations(), {"a": "unexplained"})


class Inputs(unittest.TestCase):
    def test_every_operation_is_called_and_every_parameter_given(self):
        operations = sdk.operations()
        self.assertGreater(len(operations), 400)
        given = {operation.name: set() for operation in operations}
        for number, operation in enumerate(operations):
            for case in inputs.cases(operation, number):
                given[operation.name] |= case.arguments.keys()
        for operation in operations:
            self.assertEqual(given[operation.name], {one.attribute for one in operation.fields}, operation.name)

    def test_inputs_are_the_same_in_every_run(self):
        operation = next(one for one in sdk.operations() if one.name == "create_query")
        first, second = ([case.fields for case in inputs.cases(operation, 7)] for _ in range(2))
        self.assertEqual(first, second)

    def test_clashing_names_are_told_apart(self):
        operation = next(one for one in sdk.operations() if one.name == "create_query")
        awkward = next(case for case in inputs.cases(operation, 0) if case.variant == "awkward")
        self.assertIsInstance(awkward.fields["fields"], list)
        self.assertIsInstance(awkward.fields["query_fields"], str)

    def test_a_path_parameter_keeps_its_name(self):
        operation = next(one for one in sdk.operations() if one.name == "add_group_group")
        awkward = next(case for case in inputs.cases(operation, 0) if case.variant == "awkward")
        self.assertEqual(awkward.fields.keys(), {"group_id", "body_group_id"})

    def test_forms_are_compared_by_name_type_and_need(self):
        operation = next(one for one in sdk.operations() if one.name == "user")
        whole = {"user_id": {"type": "string"}, "fields": {"type": ["string", "null"]}}
        self.assertEqual(forms.compare(operation, {"properties": whole, "required": ["user_id"]}), [])
        found = forms.compare(operation, {"properties": {"user_id": {"type": "integer"}}})
        self.assertEqual([one.place for one in found], ["form.fields", "form.user_id"])


if __name__ == "__main__":
    unittest.main()
