"""Fragments with state machines, in both query languages."""

from tests.patterns.cloudformation.arrows.fragments import FUNCTION, QUEUE, TABLE, Fragment, role


def machine(states: str, *, start: str = "One") -> str:
    return f"""
  PMachine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: !GetAtt PRole.Arn
      Definition:
        StartAt: {start}
        States:{states}
"""


MACHINES = (
    Fragment(
        "an optimised task with JSONPath",
        FUNCTION
        + role("'lambda:InvokeFunction'", "<+!GetAtt PWork.Arn+><-'arn:aws:lambda:us-east-1:123456789012:function:x'->")
        + machine("""
          One:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Parameters: {FunctionName: !GetAtt PWork.Arn, Payload.$: $}
            End: true
"""),
        ("PMachine>PWork task!",),
    ),
    Fragment(
        "tasks with JSONata that a machine can come to, and one that it cannot",
        QUEUE
        + TABLE
        + role("['sqs:SendMessage', 'dynamodb:PutItem']", "'*'")
        + machine("""
          One:
            Type: Task
            QueryLanguage: JSONata
            Resource: arn:aws:states:::sqs:sendMessage
            Arguments: {QueueUrl: !Ref PQueue, MessageBody: '{% $states.input %}'}
            <+Next: Two+><-End: true->
          Two:
            Type: Task
            QueryLanguage: JSONata
            Resource: arn:aws:states:::dynamodb:putItem
            Arguments: {TableName: !Ref PTable, Item: {}}
            End: true
"""),
        ("PMachine>PTable task!",),
        ("PMachine>PQueue task",),
    ),
    Fragment(
        "a call inside a map, by the SDK, with a substitution",
        QUEUE
        + role("'sqs:SendMessage'", "!GetAtt PQueue.Arn")
        + """
  PMachine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: !GetAtt PRole.Arn
      DefinitionSubstitutions: {Url: <+!Ref PQueue+><-'https://sqs.us-east-1.amazonaws.com/1/other'->}
      Definition:
        StartAt: Each
        States:
          Each:
            Type: Map
            End: true
            ItemProcessor:
              StartAt: Send
              States:
                Send:
                  Type: Task
                  Resource: arn:aws:states:::aws-sdk:sqs:sendMessage
                  Parameters: {QueueUrl: '${Url}', MessageBody.$: $.text}
                  End: true
""",
        ("PMachine>PQueue task",),
    ),
    Fragment(
        "events that a machine puts on the default bus",
        role("'events:PutEvents'", "'*'")
        + machine("""
          One:
            Type: Task
            Resource: arn:aws:states:::events:putEvents
            Parameters: {Entries: [{Detail: {}, DetailType: t, Source: s}]}
            End: true
"""),
        (),
        ("PMachine>(default bus) task",),
    ),
    Fragment(
        "a machine that waits for another",
        role("'states:StartExecution'", "'*'")
        + machine("""
          One:
            Type: Task
            Resource: arn:aws:states:::states:startExecution<+.sync:2+>
            Parameters: {StateMachineArn: !Ref POther}
            End: true
""")
        + """
  POther:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt PRole.Arn
      DefinitionString: '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
""",
        ("PMachine>POther task!",),
    ),
)
