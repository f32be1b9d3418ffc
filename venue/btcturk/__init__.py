"""The simulated BTCTurk: its WebSocket, its REST calls, its chart host and the market behind them."""
