%% What a real node of the tests runs: it evaluates what the test sends over descriptor 0, answers over 3, and ends
%% when the test does. Besides, functions that are worth calling from SQL.
-module(test_node).
-export([start/0]).
-export([a_fun/0, big/1, chatty/1, collect/1, collected/1, count/1, crash/1, echo/1, hold/2, held/1, same/2, sleep/1, sleepers/0, sleeping/0, wake/0]).

start() ->
    ets:new(?MODULE, [named_table, public]),
    Port = open_port({fd, 0, 3}, [{packet, 4}, binary, eof]),
    serve(Port).

serve(Port) ->
    receive
        {Port, {data, Expressions}} ->
            true = port_command(Port, answer(Expressions)),
            serve(Port);
        {Port, eof} ->
            erlang:halt(0, [{flush, false}])
    end.

answer(Expressions) ->
    try
        {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list([Expressions, ". "])),
        {ok, Parsed} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Parsed, erl_eval:new_bindings()),
        text("=", Value)
    catch
        Class:Reason -> text("!", {Class, Reason})
    end.

text(Mark, Value) -> unicode:characters_to_binary([Mark, io_lib:format("~0tp", [Value])]).

%% --- to be called from SQL: what is text there is a binary here ---

a_fun() -> fun(X) -> X end.

echo(Value) -> Value.

big(Bytes) -> binary:copy(<<"x">>, Bytes).

%% Prints, for which it needs a group leader that is there.
chatty(Text) -> io:format("~ts~n", [Text]).

%% Sleeps so long, or until it is woken; sleepers/0 tells how many do.
sleep(Time) ->
    put(?MODULE, sleeper),
    receive
        {?MODULE, wake} -> slept
    after
        if is_binary(Time) -> infinity; true -> Time end -> slept
    end.

sleeping() -> [P || P <- processes(), {dictionary, D} <- [process_info(P, dictionary)], {?MODULE, sleeper} <- D].

sleepers() -> length(sleeping()).

wake() -> [P ! {?MODULE, wake} || P <- sleeping()].

%% How often this was called with this key.
count(Key) -> ets:update_counter(?MODULE, {count, Key}, 1, {{count, Key}, 0}).

crash(<<"throw">>) -> throw(ball);
crash(<<"exit">>) -> exit(bye);
crash(<<"error">>) -> error(oops);
crash(<<"killed">>) -> exit(self(), kill), timer:sleep(infinity).

%% Terms by name, and whether one is the same as it was: =:= on the node itself.
hold(Name, Value) -> ets:insert(?MODULE, {{held, Name}, Value}).
held(Name) -> ets:lookup_element(?MODULE, {held, Name}, 2).
same(Name, Value) -> held(Name) =:= Value.

%% A process of that name that keeps the messages it gets.
collect(Name) ->
    Self = self(),
    spawn(fun() -> register(Name, self()), Self ! {Name, ready}, keep([]) end),
    receive {Name, ready} -> ok end.

keep(Kept) ->
    receive
        {test_node, From, all} ->
            From ! {kept, lists:reverse(Kept)},
            keep(Kept);
        Message ->
            keep([Message | Kept])
    end.

collected(Name) ->
    Name ! {test_node, self(), all},
    receive {kept, Kept} -> Kept end.
