"""The configured way to send mail."""

from django.conf import settings

from catalogue.newsletter.delivery.transports.base import Transport


def get_transport() -> Transport:
    """The configured way out."""
    match settings.MAIL_TRANSPORT:
        case "ses":
            # Each process loads one transport: that of SES brings boto3.
            from catalogue.newsletter.delivery.transports.ses import SesTransport

            return SesTransport()
        case "smtp":
            # As above.
            from catalogue.newsletter.delivery.transports.smtp import SmtpTransport

            return SmtpTransport()
        case _:
            # As above.
            from catalogue.newsletter.delivery.transports.mailbox import MailboxTransport

            return MailboxTransport()
