"""The proof that an export is what v2's own client makes of it, and that its steps receive what they receive here.

``sdk`` has azure-ai-ml load each file and looks up in the REST object every key that was written; ``shell`` puts values
into the commands as text and runs them; ``firing`` counts when a trigger fires, by the words of v2's documentation.
"""
