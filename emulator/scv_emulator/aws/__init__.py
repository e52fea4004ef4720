"""What of AWS surrounds Amazon Connect, on this machine: events, queues, Lambda functions, Transcribe."""
