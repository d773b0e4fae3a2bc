"""The local inbox: the mail server and the Slack, PagerDuty and webhook endpoints to which Alertmanager really sends.

`python -m featurewatch.demo.inbox` runs it. It accepts what the real services accept, refuses what they refuse, keeps
what it received, and shows it on one page. Each module holds one noun:

- `message`      what arrived: `Message`, `Delivery`, `Query`
- `recognition`  which alerts a text speaks of
- `slack`, `pagerduty`, `webhook`, `mail`   one service each: what it accepts, what it refuses
- `incidents`    the incidents that PagerDuty would have open
- `faults`       injected on request: errors, rate limits, hanging
- `journal`, `mailbox`   what was received, on disk and in memory
- `sinks`, `reading`, `administration`, `page`   the HTTP side
- `settings`, `service`   the running process
- `client`       `InboxClient`, for the story and the tests
"""
