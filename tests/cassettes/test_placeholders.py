"""The placeholder of a removed secret stands for that secret, and for nothing else."""

from __future__ import annotations

import pytest
import requests

from harness.cassettes import find_earlier, load_cassette, recording, replaying, updating
from harness.errors import CassetteMiss
from harness.model.scenario import SecretRules

ONE = "sk-proj-" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"
OTHER = "sk-proj-" + "Zy9Xw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe"


def ask(provider, text, **fields):
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return requests.post(f"{provider.base_url}/chat/completions", json=body).content


def record(kit, provider, path, *texts, **options):
    with recording(path, kit.header(provider), **options):
        return [ask(provider, text) for text in texts]


def is_missed(provider, path, text, **options):
    with replaying(path, **options):
        try:
            ask(provider, text)
        except CassetteMiss:
            return True
    return False


def test_a_placeholder_that_was_asked_fits_nothing_else(kit, provider, path):
    record(kit, provider, path, "Look around in the [redacted] folder, please.")

    assert not is_missed(provider, path, "Look around in the [redacted] folder, please.")
    assert is_missed(provider, path, "Look around in the other folder, please.")
    assert is_missed(provider, path, "Look around in the big, green folder, please.")


def test_a_removed_secret_fits_another_one_but_no_sentence(kit, provider, path):
    record(kit, provider, path, f"Use {ONE} to log in.")

    assert not is_missed(provider, path, f"Use {ONE} to log in.")
    assert not is_missed(provider, path, f"Use {OTHER} to log in.")
    assert not is_missed(provider, path, "Use dummy to log in.")
    assert is_missed(provider, path, "Use the small hammer, not the key, to log in.")


def test_several_secrets_and_blanks_between_them(kit, provider, path):
    record(kit, provider, path, f"First {ONE} and then {OTHER}.")

    assert not is_missed(provider, path, "First a and then b.")
    assert is_missed(provider, path, "First a b and then c.")
    assert is_missed(provider, path, "First a and then b c.")


def test_a_secret_with_blanks_replays_known_or_not(kit, provider, path):
    rules = SecretRules(patterns=("John Q[.] Public",))
    record(kit, provider, path, "Ask John Q. Public about it.", secrets=rules)

    assert "John" not in path.read_text()
    assert not is_missed(provider, path, "Ask John Q. Public about it.", secrets=rules)
    assert not is_missed(provider, path, "Ask John Q. Public about it.")


def test_a_setting_that_was_asked_with_a_placeholder_fits_nothing_else(kit, provider, path):
    with recording(path, kit.header(provider)):
        ask(provider, "one", user="[redacted]")

    with replaying(path), pytest.raises(CassetteMiss):
        ask(provider, "one", user="somebody")
    with replaying(path):
        ask(provider, "one", user="[redacted]")


def test_the_same_text_with_a_secret_removed_is_kept_apart(kit, provider, path):
    record(kit, provider, path, "the key [redacted]", f"the key {ONE}")

    with replaying(path):
        assert b"reply 2 to" in ask(provider, f"the key {OTHER}")
        assert b"reply 1 to" in ask(provider, "the key [redacted]")


def test_an_update_keeps_what_was_asked_as_it_stands(kit, provider, path):
    record(kit, provider, path, "the [redacted] folder", f"the key {ONE}")
    with updating(path, kit.header(provider), find_earlier(path)) as session:
        ask(provider, "the [redacted] folder")
        ask(provider, f"the key {ONE}")
        ask(provider, "something new")

    assert (session.kept, len(load_cassette(path).interactions)) == (2, 3)
    assert is_missed(provider, path, "the other folder")
    assert not is_missed(provider, path, f"the key {OTHER}")


def test_a_request_with_a_secret_is_answered_again_where_answers_repeat(kit, provider, path):
    record(kit, provider, path, f"Use {ONE} to log in.")

    with replaying(path, is_repeating=True) as session:
        answers = {ask(provider, f"Use {ONE} to log in.") for _ in range(3)}

    assert (len(answers), session.served) == (1, 3)


def test_a_form_with_a_secret_keeps_its_own_spelling(kit, provider, path):
    form = f"text=two%20words&plus=a+b&api_key={ONE}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with recording(path, kit.header(provider)):
        recorded = requests.post(provider.base_url, data=form, headers=headers).content

    [interaction] = load_cassette(path).interactions
    assert interaction.request.shape.fields == "text=two%20words&plus=a+b&api_key=[redacted]"
    with replaying(path):
        assert requests.post(provider.base_url, data=form, headers=headers).content == recorded
