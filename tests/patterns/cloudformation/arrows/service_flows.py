"""Fragments of services that only a few templates have, and of names that are not in the template's variables."""

from tests.patterns.cloudformation.arrows.fragments import (
    FUNCTION,
    QUEUE,
    REST,
    TABLE,
    Fragment,
    method,
    permission,
    role,
    sam,
)
from tests.patterns.cloudformation.arrows.machines import machine

BUCKET = "\n  PBucket: {Type: AWS::S3::Bucket}\n"
POOL = "\n  PPool: {Type: AWS::Cognito::UserPool}\n"
ALLOW = "Policies: [{Statement: [{Effect: Allow, Action: %s, Resource: %s}]}]"

CODE = (
    Fragment(
        "a bus that only the code names, and a wide policy",
        "\n  PBus: {Type: AWS::Events::EventBus, Properties: {Name: PBusName}}\n"
        + sam("InlineCode: \"bus = '<+PBusName+><-other->'\", " + ALLOW % ("'events:PutEvents'", "'*'")),
        ("PWork>PBus code",),
    ),
    Fragment(
        "a role that code hands to a schedule, which may invoke what a variable names",
        FUNCTION
        + role("'lambda:InvokeFunction'", "!GetAtt PWork.Arn")
        + sam(
            "Environment: {Variables: {TARGET: !GetAtt PWork.Arn}}, "
            + ALLOW % ("'iam:PassRole'", "<+!GetAtt PRole.Arn+><-'*'->")
        ).replace("PWork:", "PStart:"),
        ("PStart>PWork environment",),
    ),
    Fragment(
        "a queue that code polls",
        QUEUE
        + sam(
            "Environment: {Variables: {URL: !Ref PQueue}}, " + ALLOW % ("'sqs:<+ReceiveMessage+><-ListQueues->'", "'*'")
        ),
        ("PQueue>PWork polling",),
    ),
    Fragment(
        "an address of a cache, which a password and the network protect",
        "\n  PCache: {Type: AWS::MemoryDB::Cluster}\n"
        + sam("Environment: {Variables: {HOST: <+!GetAtt PCache.ClusterEndpoint.Address+><-!Ref PCache->}}"),
        ("PWork>PCache environment!",),
    ),
    Fragment(
        "a policy of its own that a role refers to",
        "\n  PSecret: {Type: AWS::SecretsManager::Secret}\n"
        + """
  PRole:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}<+, ManagedPolicyArns: [!Ref PPolicy]+>}
  PPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement: [{Effect: Allow, Action: 'secretsmanager:GetSecretValue', Resource: !Ref PSecret}]
"""
        + sam("Role: !GetAtt PRole.Arn"),
        ("PWork>PSecret policy!",),
    ),
    Fragment(
        "a topic that a Pass state names for a later task",
        "\n  PTopic: {Type: AWS::SNS::Topic}\n"
        + role("'sns:Publish'", "'*'")
        + machine("""
          One:
            Type: Pass
            Result: {Topic: <+!Ref PTopic+><-'arn:aws:sns:us-east-1:123456789012:other'->}
            ResultPath: $.to
            Next: Two
          Two:
            Type: Task
            Resource: arn:aws:states:::sns:publish
            Parameters: {Message: x, TopicArn.$: $.to.Topic}
            End: true
"""),
        ("PMachine>PTopic task",),
    ),
    Fragment(
        "a policy to write the table whose stream invokes the function",
        TABLE.replace("<+", "").replace("+>", "")
        + sam(
            "Events: {In: {Type: DynamoDB, Properties: {Stream: !GetAtt PTable.StreamArn, StartingPosition: LATEST}}}, "
            "Policies: [{DynamoDBCrudPolicy: {TableName: !Ref PTable}}]"
            "<+, Environment: {Variables: {TABLE: !Ref PTable}}+>"
        ),
        ("PWork>PTable environment!",),
        ("PTable>PWork event-source",),
    ),
    Fragment(
        "a schedule that a machine creates for a function",
        FUNCTION
        + role("'lambda:<+InvokeFunction+><-GetFunction->'", "!GetAtt PWork.Arn")
        + machine("""
          One:
            Type: Task
            Resource: arn:aws:states:::aws-sdk:scheduler:createSchedule
            Parameters:
              Name: once
              ScheduleExpression.$: $.at
              Target: {Arn: !GetAtt PWork.Arn, RoleArn: !GetAtt PRole.Arn}
            End: true
""").replace("!GetAtt PRole.Arn\n      Definition", "!GetAtt PPlanner.Arn\n      Definition")
        + role("['scheduler:CreateSchedule', 'iam:PassRole']", "!GetAtt PRole.Arn").replace("PRole:", "PPlanner:"),
        ("PMachine>PWork environment",),
    ),
    Fragment(
        "a bucket that a machine names to a service which works as the machine",
        BUCKET
        + role("['athena:*', 's3:<+PutObject+><-ListBucket->']", "'*'")
        + machine("""
          One:
            Type: Task
            Resource: arn:aws:states:::athena:startQueryExecution.sync
            Parameters: {QueryString: SELECT 1, ResultConfiguration: {OutputLocation: !Sub 's3://${PBucket}/x'}}
            End: true
"""),
        ("PMachine>PBucket environment!",),
    ),
)

ENTRANCES = (
    Fragment(
        "a function's URL that everyone may call",
        FUNCTION
        + """
  PUrl: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref PWork, AuthType: NONE}}
  <+PPublic:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref PWork, Action: 'lambda:InvokeFunctionUrl', Principal: '*'}+>
""",
        ("PUrl>PWork url!",),
    ),
    Fragment(
        "a domain name with an API under its path",
        REST
        + """
  PDomain: {Type: AWS::ApiGateway::DomainName}
  <+PMapped:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {DomainName: !Ref PDomain, RestApiId: !Ref PApi, Stage: prod}+>
""",
        ("PDomain>PApi domain!",),
    ),
    Fragment(
        "a function that a stage's variable names",
        FUNCTION
        + permission("apigateway.amazonaws.com")
        + method(
            "{Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/"
            "2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:${!stageVariables.work}/invocations'}"
        )
        + """
  PStage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref PApi, StageName: Pprod, Variables: {work: <+!Ref PWork+><-other->}}
""",
        ("PApi>PWork integration!",),
    ),
    Fragment(
        "a call whose path is the operation",
        "\n  PJobs: {Type: AWS::Batch::JobQueue}\n"
        + role("'batch:SubmitJob'", "!Ref PJobs")
        + method(
            "{Type: AWS, Credentials: !GetAtt PRole.Arn, "
            "Uri: 'arn:aws:apigateway:us-east-1:batch:path//v1/<+submitjob+><-describejobs->', "
            'RequestTemplates: {application/json: \'{"jobQueue": "$input.path(1)"}\'}}'
        ),
        ("PApi>PJobs integration",),
    ),
    Fragment(
        "an endpoint of a model in a path",
        "\n  PModel: {Type: AWS::SageMaker::Endpoint}\n"
        + role("'sagemaker:<+InvokeEndpoint+><-DescribeEndpoint->'", "!Ref PModel")
        + method(
            "{Type: AWS, Credentials: !GetAtt PRole.Arn, Uri: !Sub 'arn:aws:apigateway:us-east-1:runtime.sagemaker:"
            "path/endpoints/${PModel.EndpointName}/invocations'}"
        ),
        ("PApi>PModel integration!",),
    ),
    Fragment(
        "a load balancer that sends users to a pool",
        POOL
        + """
  PBalancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
  PListener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref PBalancer
      DefaultActions:
        <+- {Type: authenticate-cognito, AuthenticateCognitoConfig: {UserPoolArn: !GetAtt PPool.Arn}}+>
        - {Type: fixed-response, FixedResponseConfig: {StatusCode: '200'}}
""",
        ("PBalancer>PPool authorizer!",),
    ),
    Fragment(
        "devices that a function lets in",
        FUNCTION
        + permission("iot.amazonaws.com")
        + """
  PGuard:
    Type: AWS::IoT::Authorizer
    Properties: {AuthorizerFunctionArn: !GetAtt PWork.Arn, Status: <+ACTIVE+><-INACTIVE->}
""",
        ("PGuard>PWork authorizer!",),
    ),
    Fragment(
        "a service of a network in front of a function",
        FUNCTION
        + """
  PFront: {Type: AWS::VpcLattice::Service}
  PGroup: {Type: AWS::VpcLattice::TargetGroup, Properties: {Type: LAMBDA, Targets: [{Id: !GetAtt PWork.Arn}]}}
  <+PListener:
    Type: AWS::VpcLattice::Listener
    Properties:
      ServiceIdentifier: !Ref PFront
      DefaultAction: {Forward: {TargetGroups: [{TargetGroupIdentifier: !Ref PGroup}]}}+>
""",
        ("PFront>PWork target!",),
    ),
    Fragment(
        "a gateway of tools that asks a pool and calls a function",
        FUNCTION
        + POOL
        + role("'lambda:<+InvokeFunction+><-GetFunction->'", "!GetAtt PWork.Arn")
        + """
  PTools:
    Type: AWS::BedrockAgentCore::Gateway
    Properties:
      RoleArn: !GetAtt PRole.Arn
      AuthorizerConfiguration:
        CustomJWTAuthorizer:
          DiscoveryUrl: !Sub 'https://cognito-idp.${AWS::Region}.amazonaws.com/${PPool}/.well-known/openid-configuration'
  PTool:
    Type: AWS::BedrockAgentCore::GatewayTarget
    Properties:
      GatewayIdentifier: !Ref PTools
      TargetConfiguration: {Mcp: {Lambda: {LambdaArn: !GetAtt PWork.Arn}}}
""",
        ("PTools>PWork target!",),
        ("PTools>PPool authorizer!",),
    ),
)

DATA = (
    Fragment(
        "a file system in a function",
        """
  PFiles: {Type: AWS::EFS::FileSystem}
  PPoint: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: !Ref PFiles}}
"""
        + sam("<+FileSystemConfigs: [{Arn: !GetAtt PPoint.Arn, LocalMountPath: /mnt/x}]+><-MemorySize: 256->"),
        ("PWork>PFiles mount!",),
    ),
    Fragment(
        "a notification of a bucket as the CDK writes it",
        BUCKET
        + FUNCTION
        + permission("s3.amazonaws.com")
        + """
  PNotifications:
    Type: Custom::S3BucketNotifications
    Properties:
      BucketName: {Ref: PBucket}
      NotificationConfiguration:
        LambdaFunctionConfigurations:
          - {Events: ['s3:ObjectCreated:*'], LambdaFunctionArn: <+{'Fn::GetAtt': [PWork, Arn]}+><-x->}
""",
        ("PBucket>PWork notification",),
    ),
    Fragment(
        "a function whose image is built later",
        QUEUE
        + sam(
            "PackageType: Image, ImageUri: 'image:latest', Environment: {Variables: {URL: !Ref PQueue}}, "
            + ALLOW % ("'sqs:<+SendMessage+><-ListQueues->'", "{'Fn::Join': ['', [{'Fn::GetAtt': PQueue.Arn}]]}")
        ).replace("Runtime: python3.13, Handler: app.handler, CodeUri: code, ", ""),
        ("PWork>PQueue environment",),
    ),
    Fragment(
        "a queue of another stack",
        QUEUE
        + sam(
            "Environment: {Variables: {URL: <+!Ref PQueue+><-!ImportValue queue->}}, "
            + ALLOW % ("'sqs:SendMessage'", "<+!GetAtt PQueue.Arn+><-!ImportValue arn->")
        ),
        ("PWork>PQueue environment",),
    ),
    Fragment(
        "a file system that keeps its files in a bucket",
        BUCKET
        + role("'s3:<+PutObject+><-ListBucket->'", "!Sub '${PBucket.Arn}/*'")
        + """
  PFiles:
    Type: AWS::S3Files::FileSystem
    Properties: {Bucket: !GetAtt PBucket.Arn, RoleArn: !GetAtt PRole.Arn}
""",
        ("PFiles>PBucket delivery",),
    ),
    Fragment(
        "an index that reads a bucket",
        BUCKET
        + role("'s3:<+GetObject+><-PutObject->'", "'*'")
        + """
  PIndex: {Type: AWS::Kendra::Index}
  PDocuments:
    Type: AWS::Kendra::DataSource
    Properties:
      IndexId: !Ref PIndex
      RoleArn: !GetAtt PRole.Arn
      DataSourceConfiguration: {S3Configuration: {BucketName: !Ref PBucket}}
""",
        ("PBucket>PIndex ingestion",),
    ),
    Fragment(
        "a crawler of a bucket",
        BUCKET
        + """
  PCrawler:
    Type: AWS::Glue::Crawler
    Properties: {Targets: {S3Targets: [{Path: !Sub 's3://<+${PBucket}+><-other->/in'}]}}
""",
        ("PBucket>PCrawler ingestion",),
    ),
    Fragment(
        "uploads of a user, and a step for each",
        BUCKET
        + FUNCTION
        + role("['s3:<+PutObject+><-ListBucket->', 'lambda:InvokeFunction']", "'*'")
        + """
  PFlow:
    Type: AWS::Transfer::Workflow
    Properties: {Steps: [{Type: CUSTOM, CustomStepDetails: {Target: !GetAtt PWork.Arn}}]}
  PServer:
    Type: AWS::Transfer::Server
    Properties: {WorkflowDetails: {OnUpload: [{WorkflowId: !Ref PFlow, ExecutionRole: !GetAtt PRole.Arn}]}}
  PUser:
    Type: AWS::Transfer::User
    Properties:
      ServerId: !GetAtt PServer.ServerId
      Role: !GetAtt PRole.Arn
      HomeDirectoryMappings: [{Entry: /, Target: !Sub '/${PBucket}/me'}]
""",
        ("PServer>PBucket delivery",),
        ("PServer>PWork trigger",),
    ),
    Fragment(
        "a trail that logs",
        BUCKET
        + """
  PTrail:
    Type: AWS::CloudTrail::Trail
    Properties: {IsLogging: <+true+><-false->, S3BucketName: !Ref PBucket}
""",
        ("PTrail>PBucket delivery",),
    ),
    Fragment(
        "a scan of what comes into a bucket",
        BUCKET
        + """
  PPlan:
    Type: AWS::GuardDuty::MalwareProtectionPlan
    Properties: {ProtectedResource: {S3Bucket: {BucketName: <+!Ref PBucket+><-other->}}}
""",
        ("PBucket>PPlan ingestion",),
    ),
    Fragment(
        "documents that are transformed from a bucket to a bucket",
        BUCKET
        + "\n  PMade: {Type: AWS::S3::Bucket}\n"
        + """
  PCapability:
    Type: AWS::B2BI::Capability
    Properties:
      Configuration:
        Edi: {InputLocation: {BucketName: !Ref PBucket}<+, OutputLocation: {BucketName: !Ref PMade}+>}
""",
        ("PCapability>PMade delivery",),
        ("PBucket>PCapability ingestion",),
    ),
    Fragment(
        "a pipeline from a table to a collection",
        "\n  PSearch: {Type: AWS::OpenSearchServerless::Collection, Properties: {Name: PSearch}}\n"
        + "\n  PRows: {Type: AWS::DynamoDB::Table}\n"
        + """
  PPipeline:
    Type: AWS::OSIS::Pipeline
    Properties:
      PipelineConfigurationBody: !Sub |
        version: "2"
        rows:
          source: {dynamodb: {tables: [{table_arn: "${PRows.Arn}"}]}}
          sink: [{opensearch: {hosts: [<+"${PSearch.CollectionEndpoint}"+>]}}]
""",
        ("PPipeline>PSearch delivery",),
        ("PRows>PPipeline ingestion",),
    ),
    Fragment(
        "what a canary saw",
        BUCKET
        + role("'s3:<+PutObject+><-ListBucket->'", "'*'")
        + """
  PCanary:
    Type: AWS::Synthetics::Canary
    Properties: {ExecutionRoleArn: !GetAtt PRole.Arn, ArtifactS3Location: !Sub 's3://${PBucket}/seen'}
""",
        ("PCanary>PBucket delivery",),
    ),
    Fragment(
        "commands that a schedule starts, and their output",
        BUCKET
        + role("'ssm:<+StartAssociationsOnce+><-ListAssociations->'", "'*'")
        + """
  PCommands:
    Type: AWS::SSM::Association
    Properties: {Name: AWS-RunShellScript, OutputLocation: {S3Location: {OutputS3BucketName: !Ref PBucket}}}
  PNightly:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target:
        Arn: arn:aws:scheduler:::aws-sdk:ssm:startAssociationsOnce
        RoleArn: !GetAtt PRole.Arn
        Input: !Sub '{"AssociationIds": ["${PCommands}"]}'
""",
        ("PNightly>PCommands schedule",),
        ("PCommands>PBucket delivery",),
    ),
    Fragment(
        "an instance whose profile has a role",
        QUEUE
        + role("'sqs:SendMessage'", "!GetAtt PQueue.Arn")
        + """
  PProfile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref PRole]}}
  PHost: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-0<+, IamInstanceProfile: !Ref PProfile+>}}
""",
        ("PHost>PQueue policy",),
    ),
    Fragment(
        "records that a delivery stream posts to an API",
        REST
        + """
  PRecords:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      HttpEndpointDestinationConfiguration:
        EndpointConfiguration:
          Url: <+!Sub 'https://${PApi}.execute-api.us-east-1.amazonaws.com/prod/'+><-'https://example.com/'->
""",
        ("PRecords>PApi delivery",),
    ),
)

OF_SERVICES = (*CODE, *ENTRANCES, *DATA)
