"""The review desk: people stand between AI drafts and the world."""

import os

__version__ = "0.1.0"

# ONNX Runtime sends usage data to its maker from version 1.29 on, unless this is set before it is loaded; with it,
# nothing is made ready, kept or sent (microsoft/onnxruntime, pull requests 27379 and 29843).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
