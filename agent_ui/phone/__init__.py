"""The phone in the browser: its short-lived password, and the way of its SIP messages to the switch."""
