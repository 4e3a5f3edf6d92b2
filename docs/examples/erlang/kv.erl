%% A key-value server to talk to from PostgreSQL: erl -name kv@127.0.0.1 -setcookie COOKIE -s kv
%%
%%   SELECT erlang_call('kv@127.0.0.1', 'kv', 'put', '["colour", {"is": "red"}]');
%%   SELECT erlang_gen_call('kv@127.0.0.1', 'kv', '["get", "colour"]');
%%   SELECT erlang_gen_cast('kv@127.0.0.1', 'kv', '["delete", "colour"]');
%%
%% Keys and values are whatever JSON holds: texts are binaries here, objects are maps with binary keys.
-module(kv).
-behaviour(gen_server).
-export([start/0, start_link/0, put/2, get/1, delete/1, keys/0]).
-export([init/1, handle_call/3, handle_cast/2]).

%% Not linked to whoever starts it, a shell say.
start() -> gen_server:start({local, ?MODULE}, ?MODULE, [], []).
start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

put(Key, Value) -> gen_server:call(?MODULE, [<<"put">>, Key, Value]).
get(Key) -> gen_server:call(?MODULE, [<<"get">>, Key]).
delete(Key) -> gen_server:cast(?MODULE, [<<"delete">>, Key]).
keys() -> gen_server:call(?MODULE, [<<"keys">>]).

init([]) -> {ok, #{}}.

%% A key that is not there has the value null.
handle_call([<<"get">>, Key], _From, Store) -> {reply, maps:get(Key, Store, null), Store};
handle_call([<<"put">>, Key, Value], _From, Store) -> {reply, ok, Store#{Key => Value}};
handle_call([<<"keys">>], _From, Store) -> {reply, lists:sort(maps:keys(Store)), Store}.

handle_cast([<<"delete">>, Key], Store) -> {noreply, maps:remove(Key, Store)}.
