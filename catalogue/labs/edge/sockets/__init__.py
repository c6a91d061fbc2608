"""WebSockets of labs: relayed to the lab's own WebSocket API, within limits, and closed with the lab."""
