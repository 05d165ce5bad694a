"""notify: tells people by email and SMS what happened (consumer group "notify").

    Kafka matches, rfis ──▶ handler ─┬─▶ MongoDB: notifications (pending) + outbox
    Kafka conversations ──▶ digests ─┘
                              │ facts.py   what the rules need from the store
                              │ rules.py   event → whom to tell what, by which channels
                              │ runs.py    the messages of a batch, by who is to hear of them
                              └ drafts.py  a notification as it is to be written
    MongoDB ─▶ worker ─▶ sending ─▶ senders ─▶ exchange ─▶ SendGrid, Twilio
               (claims)    │ gate.py       may it still go out?
                           │ unread.py     what a mail about messages shows
                           │ rendering.py  templates/: subject, text, HTML, SMS
                           │ lane.py       may anything go to this provider now? pace.py: how fast
                           │ looking_up.py did an earlier try of an SMS go out?
                           └ outcomes.py   what becomes of it: sent, put off, failed, suppressed
                                 └▶ delivery_log.py ─▶ MongoDB + outbox, in one write

- `__main__.py` the process
- `sender.py` the port of a sender and its three errors; `email.py`, `sms.py` the two that there are;
  `email_answers.py`, `sms_answers.py` what a provider's answer means; `exchange.py` one request and
  its whole answer; `senders.py` opens those with credentials; `retry_after.py` how long a provider
  asks us to wait
- `backlog.py` how many are due and wait

Once per event, person and channel.  The row is unique, the handled-event mark is in the same write,
a claim gives it to one worker, and "a try has begun" is written down before the request leaves.  A
try whose end nobody heard (time-out, reset, a killed process) is therefore known as such:

- SMS: Twilio is asked for a message with this text to this number, a minute later and again right
  before the next try, and only when there is none is it sent again.
- Email: SendGrid's Mail Send has neither an idempotency key nor a look-up (its activity feed is an
  extra that accounts need not have), so one of "perhaps lost" and "perhaps twice" has to be chosen.
  A mail goes out at most once: it is `failed` with reason `outcome_unknown`, never tried again.  The
  delivery log and the metrics show it, the same fact stands in the app, and every mail carries
  its notification's id (custom_args), so that SendGrid's own events can tell what became of it.
  Where a try certainly did not arrive (no connection, 429, SendGrid's own 5xx), it is tried again.
"""
