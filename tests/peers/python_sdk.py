"""Looker's own Python SDK at work against the Looker that LOOKERSDK_BASE_URL names.

Every claim is an assertion: the program ends with an error as soon as one does not hold.
"""

import json

import looker_sdk
from looker_sdk import error, models40 as models


def refused(call, *arguments, **keywords):
    """Makes a call that has to be refused, and returns the error."""
    try:
        call(*arguments, **keywords)
    except error.SDKError as refusal:
        return refusal
    raise AssertionError(f"{call.__name__} was not refused")


def main():
    sdk = looker_sdk.init40()

    me = sdk.me()
    assert me.id and me.display_name, me
    print(f"signed in as {me.display_name} (user {me.id})")

    users = sdk.all_users()
    assert len(users) > 2 and me.id in [user.id for user in users]
    page = sdk.all_users(limit=2, offset=1, fields="id,email", sorts="id")
    assert [user.id for user in page] == [users[1].id, users[2].id], page
    assert page[0].first_name is None and users[1].first_name is not None
    print(f"{len(users)} users, two of them on a page")

    made = sdk.create_user(models.WriteUser(first_name="Mary", last_name="Somerville"))
    assert made.id and made.display_name == "Mary Somerville", made
    email = sdk.create_user_credentials_email(made.id, models.WriteCredentialsEmail(email="mary@example.com"))
    assert email.email == "mary@example.com"
    assert sdk.user(made.id).email == "mary@example.com"
    changed = sdk.update_user(made.id, models.WriteUser(last_name="Fairfax", locale="fr"))
    assert (changed.first_name, changed.last_name, changed.locale) == ("Mary", "Fairfax", "fr"), changed
    found = sdk.search_users(email="MARY@%")
    assert [user.id for user in found] == [made.id], found
    keys = sdk.create_user_credentials_api3(made.id)
    assert keys.client_id and keys.client_secret
    first = sdk.create_user_credentials_email_password_reset(made.id)
    second = sdk.create_user_credentials_email_password_reset(made.id)
    assert first.password_reset_url and first.password_reset_url != second.password_reset_url
    print(f"created, changed and found user {made.id}")

    taken = refused(sdk.create_user_credentials_email, users[0].id, models.WriteCredentialsEmail(email="no address"))
    print(f"409: {taken.message}")
    invalid = refused(sdk.update_user_credentials_email, made.id, models.WriteCredentialsEmail(email=users[0].email))
    assert invalid.message == "Validation Failed", invalid
    assert [(detail.field, detail.code) for detail in invalid.errors] == [("email", "already_exists")], invalid.errors
    assert invalid.errors[0].message and invalid.documentation_url
    print(f"422: {invalid.message}: {invalid.errors[0].field}: {invalid.errors[0].message}")

    assert sdk.delete_user(made.id) == ""
    gone = refused(sdk.user, made.id)
    assert gone.message == "Not found" and not gone.errors, gone
    print(f"404: {gone.message}")

    query = models.WriteQuery(
        model="thelook", view="orders", fields=["orders.id", "orders.status", "orders.count"], limit="3"
    )
    rows = json.loads(sdk.run_inline_query("json", query))
    assert [row["orders.id"] for row in rows] == [1, 2, 3], rows
    assert set(rows[0]) == {"orders.id", "orders.status", "orders.count"}
    lines = sdk.run_inline_query("csv", query).splitlines()
    assert lines[0] == "Orders Id,Orders Status,Orders Count" and len(lines) == 4, lines
    kept = sdk.create_query(query)
    assert json.loads(sdk.run_query(kept.id, "json")) == rows
    assert sdk.run_query(kept.id, "png").startswith(b"\x89PNG")
    print(f"ran a query inline and kept: {rows[0]}")

    sdk.update_session(models.WriteApiSession(workspace_id="dev"))
    assert sdk.session().workspace_id == "dev"
    sdk.auth.logout()
    print("signed out")


main()
