CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE accounts (
	account TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	hash TEXT NOT NULL, 
	kill_switch BOOLEAN NOT NULL, 
	kill_reason TEXT NOT NULL, 
	PRIMARY KEY (account)
);

COMMENT ON TABLE accounts IS 'the head of each account''s log';

CREATE TABLE events (
	account TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	order_id TEXT, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	payload TEXT NOT NULL, 
	previous_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (account, sequence)
);

COMMENT ON TABLE events IS 'append-only; the authority';

CREATE INDEX ix_events_order_id ON events (order_id);

CREATE TABLE postings (
	account TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	line INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	amount NUMERIC NOT NULL, 
	PRIMARY KEY (account, sequence, line)
);

COMMENT ON TABLE postings IS 'append-only; the postings of one event add up to zero in each unit';

CREATE TABLE orders (
	order_id TEXT NOT NULL, 
	account TEXT NOT NULL, 
	client_order_id TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side TEXT NOT NULL, 
	type TEXT NOT NULL, 
	time_in_force TEXT NOT NULL, 
	quantity NUMERIC NOT NULL, 
	limit_price NUMERIC, 
	status TEXT NOT NULL, 
	filled_quantity NUMERIC NOT NULL, 
	average_price NUMERIC, 
	fees NUMERIC NOT NULL, 
	denials TEXT NOT NULL, 
	received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	sequence BIGINT NOT NULL, 
	received_sequence BIGINT NOT NULL, 
	answered_sequence BIGINT NOT NULL, 
	is_open BOOLEAN NOT NULL, 
	terms TEXT, 
	PRIMARY KEY (order_id), 
	CONSTRAINT uq_orders_account_client_order_id UNIQUE (account, client_order_id)
);

COMMENT ON TABLE orders IS 'each order''s present state: a projection of its events';

CREATE INDEX ix_orders_account_received_sequence ON orders (account, received_sequence);

CREATE INDEX ix_orders_open ON orders (account, symbol) WHERE is_open;

CREATE TABLE fills (
	order_id TEXT NOT NULL, 
	trade_id TEXT NOT NULL, 
	account TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	liquidity TEXT NOT NULL, 
	price NUMERIC NOT NULL, 
	quantity NUMERIC NOT NULL, 
	fee NUMERIC NOT NULL, 
	filled_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	PRIMARY KEY (order_id, trade_id)
);

COMMENT ON TABLE fills IS 'append-only; what each order got';

CREATE TABLE balances (
	account TEXT NOT NULL, 
	name TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	amount NUMERIC NOT NULL, 
	PRIMARY KEY (account, name, symbol, unit)
);

COMMENT ON TABLE balances IS 'the sums of the postings: a projection, recomputed by verify';

CREATE TABLE consumption (
	account TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side TEXT NOT NULL, 
	price NUMERIC NOT NULL, 
	shown NUMERIC NOT NULL, 
	taken NUMERIC NOT NULL, 
	book_sequence BIGINT NOT NULL, 
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	PRIMARY KEY (account, symbol, side, price)
);

COMMENT ON TABLE consumption IS 'how much of each shown level our own fills used up; working state, not part of the books';

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING alembic_version.version_num;

ALTER TABLE orders ADD COLUMN post_only BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE orders ADD COLUMN replaces TEXT;

CREATE INDEX ix_orders_account_received_at ON orders (account, received_at);

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

ALTER TABLE accounts ADD COLUMN controls TEXT DEFAULT '{}' NOT NULL;

ALTER TABLE accounts DROP COLUMN kill_switch;

ALTER TABLE accounts DROP COLUMN kill_reason;

CREATE TABLE anchors (
	account TEXT NOT NULL, 
	day TEXT NOT NULL, 
	day_start NUMERIC NOT NULL, 
	peak NUMERIC NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	PRIMARY KEY (account)
);

COMMENT ON TABLE anchors IS 'what the account was worth as the day began, and at most; working state, not part of the books';

CREATE TABLE executions (
	account TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side TEXT NOT NULL, 
	slot INTEGER NOT NULL, 
	second BIGINT NOT NULL, 
	orders BIGINT NOT NULL, 
	PRIMARY KEY (account, symbol, side, slot)
);

COMMENT ON TABLE executions IS 'orders executed in each second of the last minute; working state, not part of the books';

CREATE INDEX ix_orders_account_sequence ON orders (account, sequence);

CREATE INDEX ix_events_rare ON events (account, kind, sequence) WHERE kind IN ('opened', 'switched', 'held', 'released', 'limits_set', 'reversed');

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';
INSERT INTO accounts (account, sequence, hash, controls) VALUES ('paper', 23, 'fe33036d5cf731fc0fca07c3c8e56e0708f77f2ce9ad884d350545ac769d26f7', '{"switches":{"BTCTURK:ETHTRY":"drill"},"holds":{},"limits":{"quote_stale_seconds":null,"price_collar_percent":null,"max_order_notional":null,"max_position_notional":null,"max_exposure":null,"max_order_quantity":null,"max_orders_per_second":null,"duplicate_seconds":null,"max_executions":500,"max_daily_loss_percent":null,"max_drawdown_percent":null}}');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 1, 'opened', NULL, '2026-11-22T10:00:01.000000+00:00', '{"kind":"opened","cash":{"TRY":"5000000","USDT":"100000"}}', '0000000000000000000000000000000000000000000000000000000000000000', '031603812637ba3341239c4758fdb900e11dfb86f952e1efbfd026e7222d5114');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 2, 'received', 'paper-2', '2026-11-22T10:00:02.000000+00:00', '{"kind":"received","request":{"client_order_id":"bought","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":"3","limit_price":null,"time_in_force":"IOC","post_only":false},"replaces":null}', '031603812637ba3341239c4758fdb900e11dfb86f952e1efbfd026e7222d5114', 'dafdecffa0261e53c4e1fd1bbc083ab14510570173ad09ce7f91c96f97c39810');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 3, 'accepted', 'paper-2', '2026-11-22T10:00:02.000000+00:00', '{"kind":"accepted","terms":{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"102.1530510","maker_fee_percent":"0.05"}}', 'dafdecffa0261e53c4e1fd1bbc083ab14510570173ad09ce7f91c96f97c39810', 'b07d8d7943bb1c07e1cda3f42254d77020c93c7e5861f88fdbe7bf989c82fad6');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 4, 'filled', 'paper-2', '2026-11-22T10:00:02.000000+00:00', '{"kind":"filled","fill":{"trade_id":"paper-2-1","price":"100.1","quantity":"2","fee":"0.2002","filled_at":"2026-11-22T10:00:02Z"},"liquidity":"taker"}', 'b07d8d7943bb1c07e1cda3f42254d77020c93c7e5861f88fdbe7bf989c82fad6', '2b9dcd73a3be839ae30006d6900310041c514b14ccfe3b4e09e20cd2b13797e1');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 5, 'filled', 'paper-2', '2026-11-22T10:00:02.000000+00:00', '{"kind":"filled","fill":{"trade_id":"paper-2-2","price":"100.2","quantity":"1","fee":"0.1002","filled_at":"2026-11-22T10:00:02Z"},"liquidity":"taker"}', '2b9dcd73a3be839ae30006d6900310041c514b14ccfe3b4e09e20cd2b13797e1', 'be51f51ca9db42d15f928ec6cca4a2c7ab8b8e9593e14939afdc4a0678f60d2c');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 6, 'received', 'paper-6', '2026-11-22T10:00:03.000000+00:00', '{"kind":"received","request":{"client_order_id":"denied","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":"9000","limit_price":null,"time_in_force":"IOC","post_only":false},"replaces":null}', 'be51f51ca9db42d15f928ec6cca4a2c7ab8b8e9593e14939afdc4a0678f60d2c', '31c3080071b6ab6fb712b5c3a14d2729dfaa68845e2b202fa5e3f95bdd1fa728');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 7, 'denied', 'paper-6', '2026-11-22T10:00:03.000000+00:00', '{"kind":"denied","denials":[{"code":"MAX_NOTIONAL","message":"the order is worth 918459 TRY, the limit is 500000","numbers":{"currency":"TRY","limit":"500000","notional":"918459"}}]}', '31c3080071b6ab6fb712b5c3a14d2729dfaa68845e2b202fa5e3f95bdd1fa728', '39f5f638002f9955b2cb7734e2d2cc9f73b4acf87af8cd37a2b7f4f42bb7a23c');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 8, 'received', 'paper-8', '2026-11-22T10:00:04.000000+00:00', '{"kind":"received","request":{"client_order_id":"sold","symbol":"BTCTURK:BTCTRY","side":"sell","type":"market","quantity":"1","limit_price":null,"time_in_force":"IOC","post_only":false},"replaces":null}', '39f5f638002f9955b2cb7734e2d2cc9f73b4acf87af8cd37a2b7f4f42bb7a23c', 'a706b35a30cf8437ee53f460be3b42315a6660d4084a158a2c2d4711b65eaa67');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 9, 'accepted', 'paper-8', '2026-11-22T10:00:04.000000+00:00', '{"kind":"accepted","terms":{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"position","reserve_symbol":"BTCTURK:BTCTRY","reserve_unit":"BTC","reserve_per_unit":"1","maker_fee_percent":"0.05"}}', 'a706b35a30cf8437ee53f460be3b42315a6660d4084a158a2c2d4711b65eaa67', '1800e43c4e3d6351de5d23dbef393caf6ec35f605c1ca8cff8bc567d817020e3');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 10, 'filled', 'paper-8', '2026-11-22T10:00:04.000000+00:00', '{"kind":"filled","fill":{"trade_id":"paper-8-1","price":"100","quantity":"1","fee":"0.1","filled_at":"2026-11-22T10:00:04Z"},"liquidity":"taker"}', '1800e43c4e3d6351de5d23dbef393caf6ec35f605c1ca8cff8bc567d817020e3', '8435886f0d897c8f4f768d6298ec89b98eced3316fef8949d59023c7feb1ad37');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 11, 'received', 'paper-11', '2026-11-22T10:00:05.000000+00:00', '{"kind":"received","request":{"client_order_id":"cancelled","symbol":"BTCTURK:BTCTRY","side":"buy","type":"limit","quantity":"1","limit_price":"99","time_in_force":"GTC","post_only":false},"replaces":null}', '8435886f0d897c8f4f768d6298ec89b98eced3316fef8949d59023c7feb1ad37', '0c44f41e96eca109ef49373a047fe2fe22798960550131f8f9378af5e58df9a6');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 12, 'accepted', 'paper-11', '2026-11-22T10:00:05.000000+00:00', '{"kind":"accepted","terms":{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"99.099","maker_fee_percent":"0.05"}}', '0c44f41e96eca109ef49373a047fe2fe22798960550131f8f9378af5e58df9a6', 'fd7069baa1b1476cc162d8dabccfbb55376fd485d84b49639d2b526342024d46');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 13, 'ended', 'paper-11', '2026-11-22T10:00:06.000000+00:00', '{"kind":"ended","status":"cancelled","reason":"asked for by the operator"}', 'fd7069baa1b1476cc162d8dabccfbb55376fd485d84b49639d2b526342024d46', 'ddd74f11494837c0120b88fed3e81e95f0c3cd65d023b3aaf5fe6e7a9101a9da');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 14, 'limits_set', NULL, '2026-11-22T10:00:07.000000+00:00', '{"kind":"limits_set","limits":{"quote_stale_seconds":null,"price_collar_percent":null,"max_order_notional":null,"max_position_notional":null,"max_exposure":null,"max_order_quantity":null,"max_orders_per_second":null,"duplicate_seconds":null,"max_executions":500,"max_daily_loss_percent":null,"max_drawdown_percent":null},"reason":"a test"}', 'ddd74f11494837c0120b88fed3e81e95f0c3cd65d023b3aaf5fe6e7a9101a9da', 'ee3cf5ee41f9a292549133a6959476e2767b77350badb85e07dca9537e3d1a9d');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 15, 'held', NULL, '2026-11-22T10:00:08.000000+00:00', '{"kind":"held","code":"TRADING_STATE","state":"REDUCING","reason":"a test"}', 'ee3cf5ee41f9a292549133a6959476e2767b77350badb85e07dca9537e3d1a9d', '73c89784615377a8754fbe640f82cc3025cafff0d02138b4c37b1c8ec96b12a1');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 16, 'released', NULL, '2026-11-22T10:00:10.000000+00:00', '{"kind":"released","code":"TRADING_STATE","reason":"over"}', '73c89784615377a8754fbe640f82cc3025cafff0d02138b4c37b1c8ec96b12a1', 'fbd7e2ec2fdbecda99968b6ae3be3dfaf32d78f851ecbf90e37db75a6c0fd195');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 17, 'switched', NULL, '2026-11-22T10:00:11.000000+00:00', '{"kind":"switched","engaged":true,"reason":"drill","scope":"BTCTURK:ETHTRY"}', 'fbd7e2ec2fdbecda99968b6ae3be3dfaf32d78f851ecbf90e37db75a6c0fd195', '639eae6595c44b2e70cdbc000f0e1d27147829d2f1a090d9bc86246d63e81679');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 18, 'received', 'paper-18', '2026-11-22T10:00:13.000000+00:00', '{"kind":"received","request":{"client_order_id":"resting","symbol":"BTCTURK:BTCTRY","side":"buy","type":"limit","quantity":"1","limit_price":"99","time_in_force":"GTC","post_only":false},"replaces":null}', '639eae6595c44b2e70cdbc000f0e1d27147829d2f1a090d9bc86246d63e81679', '65a7882d6a0c56debdecf8c582437bd68f268872c2482e9ef84805bcd8f822f5');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 19, 'accepted', 'paper-18', '2026-11-22T10:00:13.000000+00:00', '{"kind":"accepted","terms":{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"99.099","maker_fee_percent":"0.05"}}', '65a7882d6a0c56debdecf8c582437bd68f268872c2482e9ef84805bcd8f822f5', '646ddfa11072cdd5957c0472fde1e6d340032b0f442298c99696940168cee85e');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 20, 'received', 'paper-20', '2026-11-22T10:00:14.000000+00:00', '{"kind":"received","request":{"client_order_id":"again","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":"0.1","limit_price":null,"time_in_force":"IOC","post_only":false},"replaces":null}', '646ddfa11072cdd5957c0472fde1e6d340032b0f442298c99696940168cee85e', 'b19ab3d80971ee235558c067828cbef761045cd2b0acdc1c52e3ec42cf8b8e05');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 21, 'accepted', 'paper-20', '2026-11-22T10:00:14.000000+00:00', '{"kind":"accepted","terms":{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"102.1530510","maker_fee_percent":"0.05"}}', 'b19ab3d80971ee235558c067828cbef761045cd2b0acdc1c52e3ec42cf8b8e05', 'cf35e9e42b7ba47756d3320309dde0f9f55d8c3b09aaa2a6f0ed22e14223d1b4');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 22, 'filled', 'paper-20', '2026-11-22T10:00:14.000000+00:00', '{"kind":"filled","fill":{"trade_id":"paper-20-1","price":"100.2","quantity":"0.1","fee":"0.01002","filled_at":"2026-11-22T10:00:14Z"},"liquidity":"taker"}', 'cf35e9e42b7ba47756d3320309dde0f9f55d8c3b09aaa2a6f0ed22e14223d1b4', '8f505a0510fa8f7d6e7c181b5fe01339379ea0c278b14806781efb59035ed4e5');
INSERT INTO events (account, sequence, kind, order_id, recorded_at, payload, previous_hash, hash) VALUES ('paper', 23, 'reversed', 'paper-20', '2026-11-22T10:00:15.000000+00:00', '{"kind":"reversed","sequence":22,"trade_id":"paper-20-1","reason":"a slip","lines":[{"name":"position","symbol":"BTCTURK:BTCTRY","unit":"BTC","amount":"-0.1"},{"name":"market","symbol":"BTCTURK:BTCTRY","unit":"BTC","amount":"0.1"},{"name":"cash","symbol":"","unit":"TRY","amount":"10.03002"},{"name":"fees","symbol":"BTCTURK:BTCTRY","unit":"TRY","amount":"-0.01002"},{"name":"cost","symbol":"BTCTURK:BTCTRY","unit":"TRY","amount":"-10.02"}]}', '8f505a0510fa8f7d6e7c181b5fe01339379ea0c278b14806781efb59035ed4e5', 'fe33036d5cf731fc0fca07c3c8e56e0708f77f2ce9ad884d350545ac769d26f7');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 1, 1, 'cash', '', 'TRY', '5000000');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 1, 2, 'capital', '', 'TRY', '-5000000');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 1, 3, 'cash', '', 'USDT', '100000');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 1, 4, 'capital', '', 'USDT', '-100000');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 4, 1, 'position', 'BTCTURK:BTCTRY', 'BTC', '2');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 4, 2, 'market', 'BTCTURK:BTCTRY', 'BTC', '-2');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 4, 3, 'cash', '', 'TRY', '-200.4002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 4, 4, 'fees', 'BTCTURK:BTCTRY', 'TRY', '0.2002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 4, 5, 'cost', 'BTCTURK:BTCTRY', 'TRY', '200.2');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 5, 1, 'position', 'BTCTURK:BTCTRY', 'BTC', '1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 5, 2, 'market', 'BTCTURK:BTCTRY', 'BTC', '-1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 5, 3, 'cash', '', 'TRY', '-100.3002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 5, 4, 'fees', 'BTCTURK:BTCTRY', 'TRY', '0.1002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 5, 5, 'cost', 'BTCTURK:BTCTRY', 'TRY', '100.2');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 10, 1, 'position', 'BTCTURK:BTCTRY', 'BTC', '-1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 10, 2, 'market', 'BTCTURK:BTCTRY', 'BTC', '1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 10, 3, 'cash', '', 'TRY', '99.9');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 10, 4, 'fees', 'BTCTURK:BTCTRY', 'TRY', '0.1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 10, 5, 'cost', 'BTCTURK:BTCTRY', 'TRY', '-100.133333333333');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 10, 6, 'realised_pnl', 'BTCTURK:BTCTRY', 'TRY', '0.133333333333');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 22, 1, 'position', 'BTCTURK:BTCTRY', 'BTC', '0.1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 22, 2, 'market', 'BTCTURK:BTCTRY', 'BTC', '-0.1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 22, 3, 'cash', '', 'TRY', '-10.03002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 22, 4, 'fees', 'BTCTURK:BTCTRY', 'TRY', '0.01002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 22, 5, 'cost', 'BTCTURK:BTCTRY', 'TRY', '10.02');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 23, 1, 'position', 'BTCTURK:BTCTRY', 'BTC', '-0.1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 23, 2, 'market', 'BTCTURK:BTCTRY', 'BTC', '0.1');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 23, 3, 'cash', '', 'TRY', '10.03002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 23, 4, 'fees', 'BTCTURK:BTCTRY', 'TRY', '-0.01002');
INSERT INTO postings (account, sequence, line, name, symbol, unit, amount) VALUES ('paper', 23, 5, 'cost', 'BTCTURK:BTCTRY', 'TRY', '-10.02');
INSERT INTO fills (order_id, trade_id, account, sequence, liquidity, price, quantity, fee, filled_at) VALUES ('paper-2', 'paper-2-1', 'paper', 4, 'taker', '100.1', '2', '0.2002', '2026-11-22T10:00:02.000000+00:00');
INSERT INTO fills (order_id, trade_id, account, sequence, liquidity, price, quantity, fee, filled_at) VALUES ('paper-2', 'paper-2-2', 'paper', 5, 'taker', '100.2', '1', '0.1002', '2026-11-22T10:00:02.000000+00:00');
INSERT INTO fills (order_id, trade_id, account, sequence, liquidity, price, quantity, fee, filled_at) VALUES ('paper-8', 'paper-8-1', 'paper', 10, 'taker', '100', '1', '0.1', '2026-11-22T10:00:04.000000+00:00');
INSERT INTO fills (order_id, trade_id, account, sequence, liquidity, price, quantity, fee, filled_at) VALUES ('paper-20', 'paper-20-1', 'paper', 22, 'taker', '100.2', '0.1', '0.01002', '2026-11-22T10:00:14.000000+00:00');
INSERT INTO orders (order_id, account, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, received_sequence, answered_sequence, is_open, terms, post_only, replaces) VALUES ('paper-2', 'paper', 'bought', 'BTCTURK:BTCTRY', 'buy', 'market', 'IOC', '3', NULL, 'filled', '3', '100.133333333333', '0.3004', '[]', '2026-11-22T10:00:02.000000+00:00', '2026-11-22T10:00:02.000000+00:00', 5, 2, 5, false, '{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"102.1530510","maker_fee_percent":"0.05"}', false, NULL);
INSERT INTO orders (order_id, account, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, received_sequence, answered_sequence, is_open, terms, post_only, replaces) VALUES ('paper-6', 'paper', 'denied', 'BTCTURK:BTCTRY', 'buy', 'market', 'IOC', '9000', NULL, 'denied', '0', NULL, '0', '[{"code":"MAX_NOTIONAL","message":"the order is worth 918459 TRY, the limit is 500000","numbers":{"currency":"TRY","limit":"500000","notional":"918459"}}]', '2026-11-22T10:00:03.000000+00:00', '2026-11-22T10:00:03.000000+00:00', 7, 6, 7, false, NULL, false, NULL);
INSERT INTO orders (order_id, account, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, received_sequence, answered_sequence, is_open, terms, post_only, replaces) VALUES ('paper-8', 'paper', 'sold', 'BTCTURK:BTCTRY', 'sell', 'market', 'IOC', '1', NULL, 'filled', '1', '100', '0.1', '[]', '2026-11-22T10:00:04.000000+00:00', '2026-11-22T10:00:04.000000+00:00', 10, 8, 10, false, '{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"position","reserve_symbol":"BTCTURK:BTCTRY","reserve_unit":"BTC","reserve_per_unit":"1","maker_fee_percent":"0.05"}', false, NULL);
INSERT INTO orders (order_id, account, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, received_sequence, answered_sequence, is_open, terms, post_only, replaces) VALUES ('paper-11', 'paper', 'cancelled', 'BTCTURK:BTCTRY', 'buy', 'limit', 'GTC', '1', '99', 'cancelled', '0', NULL, '0', '[]', '2026-11-22T10:00:05.000000+00:00', '2026-11-22T10:00:06.000000+00:00', 13, 11, 12, false, '{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"99.099","maker_fee_percent":"0.05"}', false, NULL);
INSERT INTO orders (order_id, account, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, received_sequence, answered_sequence, is_open, terms, post_only, replaces) VALUES ('paper-18', 'paper', 'resting', 'BTCTURK:BTCTRY', 'buy', 'limit', 'GTC', '1', '99', 'accepted', '0', NULL, '0', '[]', '2026-11-22T10:00:13.000000+00:00', '2026-11-22T10:00:13.000000+00:00', 19, 18, 19, true, '{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"99.099","maker_fee_percent":"0.05"}', false, NULL);
INSERT INTO orders (order_id, account, client_order_id, symbol, side, type, time_in_force, quantity, limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, received_sequence, answered_sequence, is_open, terms, post_only, replaces) VALUES ('paper-20', 'paper', 'again', 'BTCTURK:BTCTRY', 'buy', 'market', 'IOC', '0.1', NULL, 'filled', '0.1', '100.2', '0.01002', '[]', '2026-11-22T10:00:14.000000+00:00', '2026-11-22T10:00:14.000000+00:00', 22, 20, 22, false, '{"base_asset":"BTC","quote_currency":"TRY","reserve_name":"cash","reserve_symbol":"","reserve_unit":"TRY","reserve_per_unit":"102.1530510","maker_fee_percent":"0.05"}', false, NULL);
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'cash', '', 'USDT', '100000');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'capital', '', 'USDT', '-100000');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'capital', '', 'TRY', '-5000000');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'cash', '', 'TRY', '4999799.1996');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'cost', 'BTCTURK:BTCTRY', 'TRY', '200.266666666667');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'market', 'BTCTURK:BTCTRY', 'BTC', '-2');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'position', 'BTCTURK:BTCTRY', 'BTC', '2');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'fees', 'BTCTURK:BTCTRY', 'TRY', '0.4004');
INSERT INTO balances (account, name, symbol, unit, amount) VALUES ('paper', 'realised_pnl', 'BTCTURK:BTCTRY', 'TRY', '0.133333333333');
INSERT INTO consumption (account, symbol, side, price, shown, taken, book_sequence, seen_at) VALUES ('paper', 'BTCTURK:BTCTRY', 'buy', '100.1', '2', '2', 1, '2026-11-22T10:00:01.000000+00:00');
INSERT INTO consumption (account, symbol, side, price, shown, taken, book_sequence, seen_at) VALUES ('paper', 'BTCTURK:BTCTRY', 'buy', '100.2', '5', '1.1', 1, '2026-11-22T10:00:01.000000+00:00');
INSERT INTO consumption (account, symbol, side, price, shown, taken, book_sequence, seen_at) VALUES ('paper', 'BTCTURK:BTCTRY', 'sell', '100', '2', '1', 1, '2026-11-22T10:00:01.000000+00:00');
INSERT INTO executions (account, symbol, side, slot, second, orders) VALUES ('paper', 'BTCTURK:BTCTRY', 'buy', 14, 1795341614, 1);
