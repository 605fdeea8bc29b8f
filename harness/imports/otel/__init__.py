"""OpenTelemetry GenAI spans as JSON: one conversation per ``gen_ai.conversation.id``, or per trace.

Read are OTLP/JSON (``resourceSpans``, also one export a line, as the collector's file exporter
writes it, with the log records of the spans beside them), and what the Python SDK's
``ConsoleSpanExporter`` prints. `spans` reads these shapes, `messages` the generations of the
GenAI conventions, `story` makes events of spans, and `importer` tells conversations apart.

Source: the semantic conventions for generative AI (opentelemetry.io/docs/specs/semconv/gen-ai),
to 1.36 with events and from 1.37 with attributes; the attributes of OpenLLMetry; and those that
AutoGen's own instrumentation adds (``ag2.*``).
"""
