"""The console: one page that shows the market, the orders, the risk, the evidence and the alerts as they are now."""
