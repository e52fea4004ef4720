"""Settings in, what the Lambda handlers need out: the AWS half of the wiring."""
