"""The one operation of the Lambda API that is played: Invoke."""

from __future__ import annotations

import json

from scv_emulator.aws.invocations import Invoker
from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest, RestService
from scv_emulator.connect.ports import FunctionFailed


def lambda_service(invoker: Invoker) -> RestService:
    """Invokes functions of the stack, synchronously and asynchronously."""

    def invoke(request: AwsRequest, *, name: str) -> AwsAnswer:
        function = invoker.find(name)
        if function is None:
            raise AwsError("ResourceNotFoundException", f"Function not found: {name}", status=404)
        event = json.loads(request.body or b"null")
        if request.headers.get("x-amz-invocation-type") == "Event":
            invoker.invoke_later(function, event, what="Invoke")
            return AwsAnswer(status=202)
        try:
            answer = invoker.invoke(function, event, what="Invoke")
        except FunctionFailed as error:
            kind, _, message = str(error).partition(": ")
            failed = json.dumps({"errorType": kind, "errorMessage": message}).encode()
            return AwsAnswer(body=failed, headers={"x-amz-function-error": "Unhandled"})
        return AwsAnswer(body=json.dumps(answer).encode())

    return RestService("Lambda", [("POST", "/2015-03-31/functions/{name}/invocations", "Invoke", invoke)])
