"""What a lab on AWS has cost, by the site's own table of prices, when it ends."""

from __future__ import annotations

import logging
from decimal import Decimal

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs.models import Lab
from catalogue.labs.targets.base import Target, TargetDown

logger = logging.getLogger(__name__)


def cost_of(target: Target, lab: Lab) -> Decimal | None:
    """Dollars, without free allowances, which are the account's and not the lab's. None if it is unknown.

    CloudWatch is late by minutes. A lab that idled to its end is counted whole; one deleted right after a burst is
    counted short, which AWS's own figure makes up for.
    """
    from catalogue.labs.lifecycle.content import pattern_of  # content is read only where labs end on AWS
    from catalogue.labs.lifecycle.life import read_life
    from catalogue.patterns.costs.bill import bill

    pattern = pattern_of(lab)
    template = None if pattern is None else pattern.naive if lab.variant == "naive" else pattern.template
    if template is None or lab.ready_at is None:
        return None
    try:
        return bill(read_life(target, lab), template).usd
    except (TargetDown, BotoCoreError, ClientError) as error:
        logger.warning("What a lab of %s cost cannot be read: %s", lab.pattern, error)
        return None
