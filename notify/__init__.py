"""notify: sends people email and SMS about events (consumer group "notify").

    Kafka matches, rfis, vendors ──▶ handler ─┬─▶ MongoDB: notifications (pending) + outbox
    Kafka conversations ───────────▶ digests ─┤
    MongoDB timers ────────────────▶ warnings ┘
                              │ facts.py   what the rules need from the store
                              │ rules.py   event → who is notified of what, by which channels
                              │ runs.py    a batch's messages, grouped by recipient
                              └ drafts.py  a notification, ready to be written
    MongoDB ─▶ worker ─▶ sending ─▶ senders ─▶ exchange ─▶ SendGrid, Twilio
               (claims)    │ gate.py       may it still go out?  account_gate.py: a code, a link, a notice?
                           │ unread.py     which messages an email shows
                           │ rendering.py  templates/: subject, text, HTML, SMS
                           │ lane.py       may anything go to this provider now? pace.py: how fast
                           │ looking_up.py did an earlier try of an SMS go out?
                           └ outcomes.py   the next state: sent, postponed, failed, suppressed
                                 └▶ delivery_log.py ─▶ MongoDB + outbox, in one write

- `__main__.py` the process
- `sender.py` the port of a sender and its three errors; `email.py`, `sms.py` its implementations;
  `email_answers.py`, `sms_answers.py` what a provider's answer means; `exchange.py` one request and
  its complete answer; `senders.py` opens the senders that have credentials; `retry_after.py` how
  long a provider asks us to wait
- `backlog.py` how many notifications are due
- `reasons.py` the reasons in the delivery log

A notification goes out once per event, person and channel.  Its row is unique, the handled-event
mark is in the same write, a claim assigns it to one worker, and the worker records that a try has
begun before it sends the request.  So a try of unknown outcome (time-out, reset, a killed process)
is recognised:

- SMS: Twilio is asked for a message with this text to this number, a minute later and again right
  before the next try.  The SMS is sent again only if there is none.
- Email: SendGrid's Mail Send has neither an idempotency key nor a look-up (its activity feed is an
  extra that an account need not have), so the choice is between "perhaps lost" and "perhaps twice".
  An email goes out at most once: it is `failed`, with reason `outcome_unknown`, and never retried.
  The delivery log and the metrics show it, the app shows the same fact, and every email carries its
  notification's id (custom_args), so that SendGrid's events can show what became of it.  A try that
  certainly did not arrive (no connection, 429, SendGrid's own 5xx) is retried.
"""
