# SPDX-License-Identifier: BSD-2-Clause
"""Rule R12 of t/lib/oracle.py: which report inside of another one is believed."""
MAX_NESTING = 8
REPORT_SENDERS = ("journal-ndr@example.com",)
EXCHANGE = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"


def all_journal(recipients, domains):
    return all("@" in r["address"] and r["address"].rpartition("@")[2].lower() in domains
               for r in recipients)


def rule_of(meta, domains):
    """R12: why a report in one with this envelope is not believed; None: it is."""
    if not all_journal(meta["recipients"], domains):
        return "recipients"
    sender = (meta["envelope_sender"] or "").lower()
    if meta["null"] or sender.rpartition("@")[0] == EXCHANGE or sender in REPORT_SENDERS:
        return None
    return "sender"


def descend(got, res, open_report, domains):
    """Go in as far as the reports are believed: the innermost one and its depth. Fills res."""
    levels, depth = [], 1
    while (deeper := open_report(got[1][0])) is not None:
        why = "levels" if depth == MAX_NESTING else rule_of(got[0], domains)
        if why:
            res["inner_report"] = why
            break
        meta = got[0]
        levels.append({"variant": got[2],
                       "envelope_sender": "" if meta["null"] else meta["envelope_sender"],
                       **{k: meta[k] for k in ("on_behalf_of", "subject", "message_id",
                                               "recipients")}})
        got, depth = deeper, depth + 1
    if levels:
        res["levels"] = levels
    return got, depth
