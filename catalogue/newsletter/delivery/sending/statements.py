"""The two statements that every mail of an update costs, written once instead of being compiled for each mail.

They say exactly what `queue.begin` and the settling of a sent mail say in the ORM's words, which the tests compare.
"""

import uuid
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from catalogue.newsletter.models import Delivery, Subscriber, Update

_DELIVERY = Delivery._meta.db_table
_BEGIN = f"""
UPDATE {_DELIVERY} SET wire_at = %s, due_at = %s
WHERE id = %s AND lease = %s AND state = 'in_flight'
AND EXISTS (SELECT 1 FROM {Update._meta.db_table} u WHERE u.id = {_DELIVERY}.update_sent_id AND u.state = 'sending')
AND EXISTS (SELECT 1 FROM {Subscriber._meta.db_table} s
            WHERE s.id = {_DELIVERY}.subscriber_id AND s.state = 'confirmed')
"""  # noqa: S608
_SENT = f"""
UPDATE {_DELIVERY} SET state = 'sent', lease = NULL, wire_at = NULL, attempts = attempts + 1, error = '',
                       provider_id = %s, finished_at = %s
WHERE id = %s AND lease = %s AND state = 'in_flight'
"""  # noqa: S608


def begin(delivery: Delivery, now: datetime, until: datetime) -> bool:
    """Mark an update's mail as on the wire; False if it must not be sent."""
    return _changed(_BEGIN, _time(now), _time(until), delivery.pk, _uuid(delivery.lease))


def sent(delivery: Delivery, provider_id: str, now: datetime) -> bool:
    """Write down that the mail was taken; False if the row is no longer ours."""
    return _changed(_SENT, provider_id, _time(now), delivery.pk, _uuid(delivery.lease))


def _changed(sql: str, *parameters: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return bool(cursor.rowcount)


def _time(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _uuid(value: uuid.UUID | None) -> Any:
    return value if value is None or _has_native_uuid(connection.vendor) else value.hex


@cache
def _has_native_uuid(vendor: str) -> bool:
    return connection.features.has_native_uuid_field
