import logging

logger = logging.getLogger(__name__)
logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    logger.info("took %s", event["path"])
    logger.debug("too quiet to be seen")
    logging.error("no fault of the invocation")
    return {"statusCode": 200, "body": context.aws_request_id}
