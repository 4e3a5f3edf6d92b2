%% For ci/bench erlang: what is called, and calls of it from Erlang to Erlang. Times are microseconds.
-module(erlang_bench).
-export([reply/2, calls/4, batch/2, sessions/3]).

%% Kept, so that a large reply costs its way and not its making.
reply(_Request, Size) ->
    case persistent_term:get({?MODULE, Size}, none) of
        none ->
            Reply = binary:copy(<<"x">>, Size),
            persistent_term:put({?MODULE, Size}, Reply),
            Reply;
        Reply ->
            Reply
    end.

%% Median, 99th percentile and least of calls with Request bytes there and Reply bytes back.
calls(Node, Request, Reply, Count) ->
    Arguments = [binary:copy(<<"x">>, Request), Reply],
    Call = fun() -> erpc:call(Node, ?MODULE, reply, Arguments) end,
    [Call() || _ <- lists:seq(1, Count div 20 + 2)],
    Took = [timed(Call) || _ <- lists:seq(1, Count)],
    {Median, P99} = percentiles(Took),
    io:format("~.1f ~.1f ~.1f~n", [Median, P99, lists:min(Took)]).

%% Calls a second, all of them sent before the first answer is waited for.
batch(Node, Count) ->
    Run = fun() ->
        Requests = [erpc:send_request(Node, erlang, node, []) || _ <- lists:seq(1, Count)],
        [Node = erpc:receive_response(R) || R <- Requests]
    end,
    Run(),
    {Median, _} = percentiles([timed(Run) || _ <- lists:seq(1, 3)]),
    io:format("~.1f~n", [Count * 1.0e6 / Median]).

%% So many processes that call for some seconds: calls a second, median and 99th percentile.
sessions(Node, Processes, Seconds) ->
    Call = fun() -> erpc:call(Node, ?MODULE, reply, [<<>>, 0]) end,
    Call(),
    Self = self(),
    End = erlang:monotonic_time(millisecond) + Seconds * 1000,
    [spawn_link(fun() -> Self ! {took, until(End, Call, [])} end) || _ <- lists:seq(1, Processes)],
    Took = lists:append([receive {took, T} -> T end || _ <- lists:seq(1, Processes)]),
    {Median, P99} = percentiles(Took),
    io:format("~.1f ~.1f ~.1f~n", [length(Took) / Seconds, Median, P99]).

until(End, Call, Took) ->
    case erlang:monotonic_time(millisecond) < End of
        true -> until(End, Call, [timed(Call) | Took]);
        false -> Took
    end.

timed(F) ->
    Start = erlang:monotonic_time(nanosecond),
    F(),
    (erlang:monotonic_time(nanosecond) - Start) / 1000.

percentiles(Took) ->
    Sorted = lists:sort(Took),
    Count = length(Sorted),
    {lists:nth(Count div 2 + 1, Sorted), lists:nth(Count * 99 div 100 + 1, Sorted)}.
