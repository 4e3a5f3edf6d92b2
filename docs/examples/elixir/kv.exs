# A key-value server to talk to from PostgreSQL: elixir --name kv@127.0.0.1 --cookie COOKIE --no-halt kv.exs
#
#   SELECT erlang_call('kv@127.0.0.1', 'Elixir.KV', 'put', '["colour", {"is": "red"}]');
#   SELECT erlang_gen_call('kv@127.0.0.1', 'Elixir.KV', '["get", "colour"]');
#   SELECT erlang_gen_cast('kv@127.0.0.1', 'Elixir.KV', '["delete", "colour"]');
#
# Keys and values are whatever JSON holds; with the option {"null": "nil"} null is nil, too.
defmodule KV do
  use GenServer

  def start, do: GenServer.start(__MODULE__, nil, name: __MODULE__)

  def put(key, value), do: GenServer.call(__MODULE__, ["put", key, value])
  def get(key), do: GenServer.call(__MODULE__, ["get", key])
  def delete(key), do: GenServer.cast(__MODULE__, ["delete", key])
  def keys, do: GenServer.call(__MODULE__, ["keys"])

  @impl true
  def init(_), do: {:ok, %{}}

  @impl true
  def handle_call(["get", key], _from, store), do: {:reply, Map.get(store, key), store}
  def handle_call(["put", key, value], _from, store), do: {:reply, :ok, Map.put(store, key, value)}
  def handle_call(["keys"], _from, store), do: {:reply, Enum.sort(Map.keys(store)), store}

  @impl true
  def handle_cast(["delete", key], store), do: {:noreply, Map.delete(store, key)}
end

{:ok, _} = KV.start()
