# shellcheck shell=bash
# Sourced by ci/demo: bgjob's durable jobs. Orders are workflows on the pgbench database; the server is
# killed in their midst, and nothing is done twice or not at all.

orders=40

# show_orders: how far they are.
show_orders() {
	as_server psql --no-psqlrc --quiet --pset=footer=off --command="
		SELECT j.state, coalesce(waits_for, '-') AS waits_for, count(*)
		  FROM bgjob.jobs j LEFT JOIN bgjob.waiting w ON w.job = j.id WHERE j.queue = 'orders' GROUP BY 1, 2 ORDER BY 1, 2" |
		sed 's/^/      /'
}

server_is_gone() { ! pgrep -g "$postmaster" >/dev/null 2>&1 && ! kill -0 "$postmaster" 2>/dev/null; }

step 'bgjob: an order is a workflow'
sql <<'SQL'
CREATE ROLE shop LOGIN;
SELECT bgjob.grant_usage('shop');
SELECT bgjob.set_queue('orders', '{"concurrency": 4}');
GRANT SELECT, UPDATE ON pgbench_accounts TO shop;
CREATE TABLE done (order_id int, what text, at timestamptz DEFAULT clock_timestamp());
GRANT SELECT, INSERT ON done TO shop;
CREATE SCHEMA shop AUTHORIZATION shop;
SET ROLE shop;
CREATE PROCEDURE shop.ship_order(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
    receipt jsonb;
    approval jsonb;
BEGIN
    CALL bgjob.step('reserve', 'WITH x AS (INSERT INTO done VALUES ($1, ''reserve''))
                                UPDATE pgbench_accounts SET abalance = abalance - 10 WHERE aid = $1',
                    args => jsonb_build_array(input->'order'),
                    undo => 'UPDATE pgbench_accounts SET abalance = abalance + 10 WHERE aid = $1');
    CALL bgjob.task('charge', 'payments', input, result => receipt);
    CALL bgjob.wait_signal('approved', result => approval);
    CALL bgjob.sleep('1 s');
    CALL bgjob.step('ship', 'INSERT INTO done VALUES ($1, ''ship'')', args => jsonb_build_array(input->'order'));
END $$;
SQL

step "$orders orders, and a program outside that charges for them"
before=$(ask "SELECT sum(abalance) FROM pgbench_accounts WHERE aid <= $orders")
sql --set=orders=$orders <<'SQL'
SET SESSION AUTHORIZATION shop;
SELECT count(bgjob.start('shop.ship_order', jsonb_build_object('order', i), queue => 'orders', key => 'order-' || i))
  FROM generate_series(1, :orders) AS i;
-- The same again, as a nervous user would: the keys make it do nothing.
SELECT count(bgjob.start('shop.ship_order', jsonb_build_object('order', i), queue => 'orders', key => 'order-' || i))
  FROM generate_series(1, :orders) AS i;
SQL
as_server mkdir -p -m 700 helpers
first=$(ask "SELECT min(id) FROM bgjob.jobs WHERE queue = 'orders'")
beside python3 "$PWD/examples/task_worker.py" payments 'user=shop'
until_true "SELECT count(*) >= 10 FROM bgjob.steps WHERE kind = 'task' AND state = 'done'"
show_orders

step 'The server is killed with kill -9'
ask "SELECT bgjob.signal($first, 'approved', '{\"by\": \"ada\"}')" >/dev/null
say 'One of them, a moment before:'
ask "SELECT bgjob.trace($first)" | sed 's/^/      /'
postmaster=$(head -n 1 "${folder:?}/data/postmaster.pid")
kill -KILL "$postmaster"
wait_until 'the server is gone' server_is_gone
say 'It is gone. It is started again, and so is the program outside.'
as_server pg_ctl --pgdata=data --log=log --silent --wait start
beside python3 "$PWD/examples/task_worker.py" payments 'user=shop'
until_true "SELECT count(*) = $orders FROM bgjob.jobs j WHERE queue = 'orders'
              AND (j.state = 'succeeded' OR EXISTS (SELECT FROM bgjob.waiting w WHERE w.job = j.id AND waits_for <> 'task charge'))"
show_orders

step 'The others are approved'
ask "SELECT count(bgjob.signal(job, 'approved')) FROM bgjob.waiting WHERE waits_for = 'signal approved'" |
	sed 's/^/      signals sent: /'
until_true "SELECT count(*) = $orders FROM bgjob.jobs WHERE queue = 'orders' AND state = 'succeeded'"
ask "SELECT bgjob.trace($first)" | sed 's/^/      /'

step 'Nothing was done twice, nothing was lost'
sql <<SQL
SELECT what, count(*) AS times, count(DISTINCT order_id) AS orders FROM done GROUP BY what ORDER BY what;
SELECT $before - sum(abalance) AS reserved FROM pgbench_accounts WHERE aid <= $orders;
SQL
