"""What the doctor says of name service and SES as they may be, without asking any."""

from dataclasses import replace
from functools import cache
from typing import Any, Literal

import boto3
import pytest
from botocore.stub import Stubber
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from catalogue.labs.embedded.access.boot_keys import credentials_for
from catalogue.labs.embedded.process import Emulator
from catalogue.newsletter.management.console.diagnosis import spf
from catalogue.newsletter.management.console.diagnosis.checks import dkim, dmarc, ptr, ses_account
from catalogue.newsletter.management.console.diagnosis.finding import Finding, Grade
from catalogue.newsletter.management.console.diagnosis.run import examinations, run
from catalogue.newsletter.management.console.diagnosis.site import NoAnswer, Reply, Site
from catalogue.newsletter.management.console.diagnosis.site import post as real_post
from catalogue.newsletter.management.console.diagnosis.tags import tags
from catalogue.newsletter.management.console.doctor import examine

pytestmark = pytest.mark.django_db
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-feedback"
SOUND = {
    ("example.com", "MX"): ["mx.example.com"],
    ("example.com", "TXT"): ["other=1", "v=spf1 include:amazonses.com a:smtp.example.com ip6:2001:db8::/32 -all"],
    ("amazonses.com", "TXT"): ["v=spf1 ip4:199.255.192.0/22 -all"],
    ("smtp.example.com", "A"): ["192.0.2.7"],
    ("key._domainkey.example.com", "TXT"): ["v=DKIM1; k=rsa; p=MIIB"],
    ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject; rua=mailto:d@example.com"],
}


SOUND_SES: dict[str, Any] = {
    "get_account": {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "SendQuota": {"Max24HourSend": 50000.0, "SentLast24Hours": 10.0, "MaxSendRate": 14.0},
    },
    "get_email_identity": {
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": ["t1"]},
    },
    "get_configuration_set": {},
    "get_configuration_set_event_destinations": {
        "EventDestinations": [
            {
                "Name": "feedback",
                "Enabled": True,
                "MatchingEventTypes": ["BOUNCE", "COMPLAINT", "DELIVERY"],
                "SnsDestination": {"TopicArn": TOPIC},
            }
        ]
    },
    "list_subscriptions_by_topic": {
        "Subscriptions": [{"Endpoint": "https://example.com/newsletter/feedback/ses", "SubscriptionArn": f"{TOPIC}:1"}]
    },
}


@cache
def client(service: Literal["sesv2", "sns"]) -> Any:
    return boto3.client(service, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


class Ses:
    """Answers as SES and SNS do for an account that is set up, but for the changes; a text is an error's code.

    Questions and answers are held against AWS's own service models: what is not in them raises.
    """

    def __init__(self, **changes: Any) -> None:
        self._answers = SOUND_SES | changes

    def __getattr__(self, name: str) -> Any:
        def call(**question: Any) -> Any:
            answer = self._answers[name]
            real = client("sns" if name == "list_subscriptions_by_topic" else "sesv2")
            with Stubber(real) as stubber:
                if isinstance(answer, str):
                    assert answer in ERRORS
                    stubber.add_client_error(name, answer)
                else:
                    stubber.add_response(name, answer)
                return getattr(real, name)(**question)

        return call


ERRORS = {"NotFoundException", "AccessDeniedException"}
"""The first is in the model of each operation that is asked so; the second is common to all of AWS."""


def site(records: dict[tuple[str, str], list[str]] | None = None, ses: Ses | None = None) -> Site:
    known = SOUND | (records or {})
    ses = ses or Ses()
    return Site(
        dns=lambda name, kind: known.get((name, kind), []),
        post=lambda url, body: Reply(400 if "feedback" in url else 200, {}),
        ses=lambda: ses,
        sns=lambda: ses,
        domain="example.com",
    )


@pytest.fixture(autouse=True)
def sound(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "ses"
    settings.SITE_URL = "https://example.com"
    settings.DEFAULT_FROM_EMAIL = "Example <updates@example.com>"
    settings.NEWSLETTER_CONTACT = "Example Publishers, 1 Example Street"
    settings.NEWSLETTER_PER_SECOND = 10
    settings.SES_TOPIC_ARN = TOPIC
    settings.SES_CONFIGURATION_SET = "updates"


@pytest.fixture
def smtp(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "smtp"
    settings.SMTP_HOST = "smtp.example.com"
    settings.NEWSLETTER_DKIM_SELECTOR = "key"
    settings.BOUNCE_ADDRESS = "bounces@example.com"
    settings.BOUNCE_MAILBOX = "/var/mail/bounces"


def test_bounces_by_mail_need_an_address_that_takes_them_in_and_someone_who_reads_them(
    smtp: None, settings: Settings
) -> None:
    settings.BOUNCE_ADDRESS = ""
    assert list(ailing(site())) == ["Bounces"]
    settings.BOUNCE_ADDRESS = "bounces@elsewhere.example"
    assert {"Bounces", "SPF"} == set(ailing(site()))
    settings.BOUNCE_ADDRESS, settings.BOUNCE_MAILBOX = "bounces@example.com", ""
    assert list(ailing(site())) == ["Bounces"]


def ailing(found: Site) -> dict[str, list[Finding]]:
    """What is not well, by title; each with a remedy."""
    sick: dict[str, list[Finding]] = {}
    for title, finding in run(found):
        if finding.grade in (Grade.WRONG, Grade.WARNING):
            assert finding.remedy
            sick.setdefault(title, []).append(finding)
    return sick


def grades(findings: Any) -> list[Grade]:
    return [finding.grade for finding in findings]


def test_every_examination_has_a_title_of_its_own() -> None:
    titles = [module.TITLE for module in examinations()]
    assert len(titles) == len(set(titles)) >= 12


def test_a_sound_set_up_with_ses_passes() -> None:
    assert ailing(site()) == {}


@pytest.mark.usefixtures("smtp")
def test_a_sound_set_up_with_smtp_passes() -> None:
    assert ailing(site()) == {}


@pytest.mark.parametrize(
    ("records", "title"),
    [
        ({("example.com", "MX"): []}, "From domain"),
        ({("example.com", "MX"): [""]}, "From domain"),
        ({("example.com", "TXT"): []}, "SPF"),
        ({("example.com", "TXT"): ["v=spf1 +all"]}, "SPF"),
        ({("example.com", "TXT"): ["v=spf1 -all", "v=spf1 a -all"]}, "SPF"),
        ({("example.com", "TXT"): ["v=spf1 ip4:203.0.113.1 -all"]}, "SPF"),
        ({("example.com", "TXT"): ["v=spf1 includes:x -all"]}, "SPF"),
        ({("key._domainkey.example.com", "TXT"): []}, "DKIM"),
        ({("key._domainkey.example.com", "TXT"): ["v=DKIM1; p="]}, "DKIM"),
        ({("_dmarc.example.com", "TXT"): []}, "DMARC"),
        ({("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject; rua=mailto:a@b", "v=DMARC1; p=none"]}, "DMARC"),
    ],
)
@pytest.mark.usefixtures("smtp")
def test_each_mistake_in_the_dns_is_named(records: dict[tuple[str, str], list[str]], title: str) -> None:
    assert list(ailing(site(records))) == [title]


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ({"get_account": {"SendingEnabled": True, "SendQuota": {"Max24HourSend": 200}}}, {"SES account"}),
        ({"get_email_identity": "NotFoundException"}, {"SES identity", "SPF", "DKIM"}),
        ({"get_configuration_set": "NotFoundException"}, {"SES configuration set"}),
        ({"get_configuration_set_event_destinations": {"EventDestinations": []}}, {"SES configuration set"}),
        ({"list_subscriptions_by_topic": {"Subscriptions": []}}, {"Webhook"}),
        ({"get_account": "AccessDeniedException"}, {"SES account"}),
    ],
)
def test_each_mistake_in_ses_is_named(changes: dict[str, Any], titles: set[str]) -> None:
    assert set(ailing(site(ses=Ses(**changes)))) == titles


@pytest.mark.lab
def test_the_embedded_ses_is_examined_from_nothing_to_sound(
    emulator: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = credentials_for(emulator.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    settings.SES_ENDPOINT = emulator.url
    settings.SES_CONFIGURATION_SET = "doctors-updates"
    sns = boto3.client("sns", region_name=settings.SES_REGION, endpoint_url=emulator.url)
    topic = sns.create_topic(Name="doctors-feedback")["TopicArn"]
    settings.SES_TOPIC_ARN = topic
    embedded = replace(site(), ses=Site().ses, sns=lambda: sns)
    ses = embedded.ses()
    assert {"SES identity", "SES configuration set", "Webhook"} <= set(ailing(embedded))
    ses.create_email_identity(EmailIdentity="example.com")
    ses.create_configuration_set(ConfigurationSetName="doctors-updates")
    told = {
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE", "COMPLAINT", "DELIVERY"],
        "SnsDestination": {"TopicArn": topic},
    }
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="doctors-updates", EventDestinationName="feedback", EventDestination=told
    )
    try:
        found = ailing(embedded)
        assert set(found) == {"DKIM", "Webhook"}, found  # the embedded SES never finds a domain's keys
        assert [finding.what for finding in found["DKIM"]] == ["SES does not sign mail of example.com."]
        assert [finding.what for finding in found["Webhook"]] == ["The topic does not post to the webhook."]
    finally:
        ses.delete_email_identity(EmailIdentity="example.com")
        ses.delete_configuration_set(ConfigurationSetName="doctors-updates")
        sns.delete_topic(TopicArn=topic)


@pytest.mark.parametrize(
    ("setting", "value", "title"),
    [
        ("SES_TOPIC_ARN", "", "Webhook"),
        ("SES_CONFIGURATION_SET", "", "SES configuration set"),
        ("NEWSLETTER_CONTACT", "", "Contact"),
        ("NEWSLETTER_PER_SECOND", 0, "SES account"),
        ("NEWSLETTER_PER_SECOND", 99, "SES account"),
        ("SES_REGION", "Ireland", "Settings"),
        ("SITE_URL", "https://my site.example.com", "Settings"),
    ],
)
def test_each_missing_setting_is_named(settings: Settings, setting: str, value: object, title: str) -> None:
    setattr(settings, setting, value)
    assert title in ailing(site())


@pytest.mark.parametrize("status", [301, 403, 404, 405, 500])
def test_addresses_that_do_not_answer_as_they_should_are_named(status: int) -> None:
    assert set(ailing(replace(site(), post=lambda url, body: Reply(status, {})))) == {
        "Webhook",
        "One-click unsubscribe",
    }


def test_name_servers_that_do_not_answer_stop_no_other_examination() -> None:
    def silent(name: str, kind: str) -> list[str]:
        raise NoAnswer("timed out")

    assert set(ailing(replace(site(), dns=silent))) == {"From domain", "DMARC"}


def test_a_mail_from_domain_of_ones_own_needs_its_spf_record() -> None:
    attributes = {
        "MailFromDomain": "bounce.example.com",
        "MailFromDomainStatus": "SUCCESS",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    }
    identity = SOUND_SES["get_email_identity"] | {"MailFromAttributes": attributes}
    ses = Ses(get_email_identity=identity)
    name = ("bounce.example.com", "TXT")
    assert set(ailing(site(ses=ses))) == {"SPF"}
    assert set(ailing(site({name: ["v=spf1 ip4:192.0.2.1 -all"]}, ses))) == {"SPF"}
    assert ailing(site({name: ["v=spf1 include:amazonses.com ~all"]}, ses)) == {}


def test_the_command_ends_with_an_error_if_something_is_wrong(settings: Settings) -> None:
    class Out:
        lines: list[str] = []  # noqa: RUF012

        def write(self, line: str) -> None:
            self.lines.append(line)

    out: Any = Out()
    examine(out=out, site=site())
    settings.NEWSLETTER_CONTACT = ""
    with pytest.raises(CommandError, match="1 thing is wrong"):
        examine(out=out, site=site())
    assert any("→" in line for line in Out.lines)


def judged(address: str, record: str, **others: list[str]) -> str:
    def lookup(name: str, kind: str) -> list[str]:
        return [record] if (name, kind) == ("d.example", "TXT") else others.get(f"{name}_{kind}".replace(".", "_"), [])

    return spf.Judge(lookup).result("d.example", spf.ipaddress.ip_address(address))  # type: ignore[attr-defined]


def test_spf_is_judged_as_receivers_do() -> None:
    assert judged("192.0.2.1", "v=spf1 ip4:192.0.2.0/24 -all") == "pass"
    assert judged("198.51.100.1", "v=spf1 ip4:192.0.2.0/24 -all") == "fail"
    assert judged("198.51.100.1", "v=spf1 ip4:192.0.2.0/24 ~all") == "softfail"
    assert judged("198.51.100.1", "v=spf1 ip4:192.0.2.0/24") == "neutral"
    assert judged("2001:db8::1", "v=spf1 ip6:2001:db8::/32 -all") == "pass"
    assert judged("192.0.2.1", "v=spf1 -ip4:192.0.2.1 +all") == "fail"
    assert judged("192.0.2.9", "v=spf1 mx -all", d_example_MX=["m.example"], m_example_A=["192.0.2.9"]) == "pass"
    assert judged("192.0.2.9", "v=spf1 a/24 -all", d_example_A=["192.0.2.1"]) == "pass"
    assert judged("192.0.2.9", "v=spf1 include:o.example -all", o_example_TXT=["v=spf1 ip4:192.0.2.9"]) == "pass"
    assert judged("192.0.2.9", "v=spf1 include:o.example ~all", o_example_TXT=["v=spf1 -all"]) == "softfail"
    assert judged("192.0.2.9", "v=spf1 redirect=o.example", o_example_TXT=["v=spf1 ip4:192.0.2.9"]) == "pass"


def test_spf_that_goes_in_circles_is_an_error() -> None:
    with pytest.raises(spf.BadRecord, match="10 lookups"):
        judged("192.0.2.1", "v=spf1 include:d.example -all")


def test_dmarc_is_read_from_the_domain_above_too() -> None:
    def dns(name: str, kind: str) -> list[str]:
        return ["v=DMARC1; p=none; sp=reject; rua=mailto:a@b"] if name == "_dmarc.example.com" else []

    assert grades(dmarc.examine(replace(site(), dns=dns, domain="mail.example.com"))) == [Grade.GOOD]
    assert grades(dmarc.judge("a.b", "a.b", ["v=DMARC1; p=reject; aspf=s; rua=x"])) == [Grade.GOOD, Grade.WARNING]
    assert tags("v=DMARC1; P = reject ;; p=none") == {"v": "DMARC1", "p": "reject"}


def test_a_host_name_must_lead_back_to_its_address() -> None:
    records = {("h.example", "A"): ["192.0.2.5"], ("5.2.0.192.in-addr.arpa", "PTR"): ["h.example"]}
    assert grades(ptr.of_host(site(records), "h.example")) == [Grade.GOOD]
    records[("5.2.0.192.in-addr.arpa", "PTR")] = ["other.example"]
    assert grades(ptr.of_host(site(records), "h.example")) == [Grade.WRONG]
    assert grades(ptr.of_host(site(), "unknown.example")) == [Grade.WRONG]


def test_ses_signing_and_quota_are_judged() -> None:
    assert dkim.of_identity("d", {"SigningEnabled": False}).grade is Grade.WRONG
    waiting = dkim.of_identity("d", {"SigningEnabled": True, "Status": "PENDING", "Tokens": ["abc"]})
    assert "abc._domainkey.d" in waiting.remedy
    account = {"ProductionAccessEnabled": True, "SendQuota": {"Max24HourSend": 100, "SentLast24Hours": 60}}
    assert grades(ses_account.judge(account, 41, 1)) == [Grade.WARNING]
    assert grades(ses_account.judge(account, 40, 1)) == [Grade.GOOD]


@pytest.mark.django_db(transaction=True)
def test_without_a_sender_the_command_says_so(settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "updates"
    with pytest.raises(CommandError, match="FROM_EMAIL is not an address"):
        call_command("newsletter", "doctor")


def test_smtp_without_a_host_is_wrong(settings: Settings, smtp: None) -> None:
    settings.SMTP_HOST = ""
    (finding,) = ailing(site())["Settings"]
    assert "SMTP_HOST" in finding.what + finding.remedy


def test_the_running_site_takes_a_one_click_post(settings: Settings, live_server: Any) -> None:
    settings.SITE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    assert set(ailing(replace(site(), post=real_post))) == {"Webhook", "SITE_URL"}
