"""Where is it going? What is unusual, what changes slowly, and what will be full or spent, and when."""

from __future__ import annotations

from featurewatch.dashboards import Plan, Row, budget_panels, line, outlook_panels, question, row


@question(
    "Where is it going?",
    "Trends, anomalies, error budgets and the time to saturation.",
    since="now-24h",
    refresh="1m",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "Unusual",
            line(*outlook_panels.usual(plan), *outlook_panels.unusual(plan), most=2),
        ),
        row(
            "Changing",
            line(outlook_panels.compared(plan), outlook_panels.slower(plan), *outlook_panels.trends(plan), most=2),
        ),
        row(
            "Filling up",
            line(*outlook_panels.full_in(plan), *outlook_panels.fill(plan), *outlook_panels.growth(plan), most=3),
        ),
        *budget_panels.spending(plan),
    )
