using PreDump.Core.Copying;
using Xunit;

namespace PreDump.Tests.Unit.Core.Copying;

/// <summary>The order in which the copy's threads deliver their batches.</summary>
public sealed class OrderedGateTests
{
    [Fact]
    public void Turns_pass_in_order_and_one_at_a_time_whichever_thread_comes_first()
    {
        const int Turns = 40_000, Threads = 8;
        var gate = new OrderedGate();
        var passed = new List<long>(); // without a lock
        int inside = 0, next = 0;
        var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            for (int turn; (turn = Interlocked.Increment(ref next) - 1) < Turns;)
            {
                if (turn % 3 == 0)
                    Thread.Yield();
                Assert.True(gate.TryEnter(turn));
                Assert.Equal(1, Interlocked.Increment(ref inside));
                passed.Add(turn);
                Interlocked.Decrement(ref inside);
                gate.Leave();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(Enumerable.Range(0, Turns).Select(turn => (long)turn), passed);
    }

    [Fact]
    public void A_gate_that_is_closed_lets_no_turn_begin_and_wakes_those_that_wait()
    {
        var gate = new OrderedGate();
        bool? entered = null;
        var waiting = new Thread(() => entered = gate.TryEnter(1));
        waiting.Start();
        gate.Close();
        waiting.Join();
        Assert.False(entered);
        Assert.False(gate.TryEnter(0));
    }
}
