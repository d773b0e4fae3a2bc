"""When would each alert have fired? Alerts, `for` included, replayed over a server's history."""
