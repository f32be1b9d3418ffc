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
