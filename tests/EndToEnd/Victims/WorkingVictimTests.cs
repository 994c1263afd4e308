using Xunit;

namespace PreDump.Tests.EndToEnd.Victims;

/// <summary>Real programs under load: they keep serving during a pre-dump; stopped after it, their pages match the
/// images.</summary>
public sealed class WorkingVictimTests
{
    [Fact]
    public async Task Redis_serves_on_through_a_pre_dump_under_its_benchmark()
    {
        await Requires.PageOracle();
        await using var redis = await RedisServer.Start();
        await redis.Ask("SET", "canary", "sings");
        await redis.KeepBusy();
        var served = await redis.Served();
        using var scratch = new Scratch();

        var summary = await PreDumpTool.Dump(redis.Victim.Pid, scratch.Folder("working"));

        Assert.True(summary.GetProperty("threads").GetInt32() > 1);
        var after = await redis.Served();
        Assert.True(after > served, $"{served} commands before, {after} after");
        Assert.Equal("sings", await redis.Ask("GET", "canary"));
        (await DecodedImages.Read(scratch["working"])).Tasks[redis.Victim.Pid].AssertWellFormed();
        await redis.StopBenchmark();
        await AssertStoppedIsSame(redis.Victim, scratch.Folder("stopped"));
        redis.Victim.Continue();
        Assert.Equal("sings", await redis.Ask("GET", "canary"));
    }

    [Fact]
    public async Task Python_counts_on_through_a_pre_dump_and_the_pages_that_it_leaves_alone_are_in_the_images()
    {
        const string Program = """
            import ctypes, mmap
            idle = mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            idle.write(bytes(range(256)) * (len(idle) // 256))
            print(ctypes.addressof(ctypes.c_char.from_buffer(idle)), flush=True)
            n = 0
            while True:
                n += 1
                if n % 100000 == 0: print(n, flush=True)
            """;
        await Requires.PageOracle();
        await using var python = await Victim.Program(Requires.DebianPython, "-c", Program);
        var address = ulong.Parse(await python.Line());
        using var scratch = new Scratch();

        await PreDumpTool.Dump(python.Pid, scratch.Folder("working"));

        for (var line = 0; line < 3; line++)
            Assert.NotEmpty(await python.Line());
        var image = (await DecodedImages.Read(scratch["working"])).Tasks[python.Pid];
        image.AssertWellFormed();
        PageComparison.AssertHolds(python.Pid, image, address, address + (32 << 20));
        await AssertStoppedIsSame(python, scratch.Folder("stopped"));
    }

    [Fact]
    public async Task A_dotnet_compiler_server_compiles_on_through_a_pre_dump()
    {
        await Requires.PageOracle();
        await using var server = await CompilerServer.Start();
        await server.Compile();
        using var scratch = new Scratch();
        var compiling = server.Compile();

        await PreDumpTool.Dump(server.Victim.Pid, scratch.Folder("working"));

        await compiling;
        await server.Compile();
        (await DecodedImages.Read(scratch["working"])).Tasks[server.Victim.Pid].AssertWellFormed();
        await AssertStoppedIsSame(server.Victim, scratch.Folder("stopped"));
        server.Victim.Continue();
        await server.Compile();
    }

    [Fact]
    public async Task A_program_that_checks_its_own_memory_finds_no_damage_after_a_pre_dump()
    {
        await Requires.PageOracle();
        using var scratch = new Scratch();
        await using var victim = await Victim.Start("rewriter", scratch["rounds"], 4096);
        for (var run = 0; run < 5; run++)
        {
            await PreDumpTool.Dump(victim.Pid, scratch.Folder($"{run}"));
            await Counter.AssertGrows(victim, scratch["rounds"]);
        }
    }

    [Theory]
    [InlineData("signals")]
    [InlineData("stopandgo")]
    public async Task No_signal_to_a_victim_at_work_is_lost_or_doubled(string program)
    {
        Requires.Root();
        using var scratch = new Scratch();
        await using var victim = await Victim.Start(program, scratch["count"]);
        for (var run = 0; run < 20; run++)
        {
            await PreDumpTool.Dump(victim.Pid, scratch.Folder($"{run}"));
            await Counter.AssertGrows(victim, scratch["count"]);
        }
    }

    private static async Task AssertStoppedIsSame(Victim victim, string images)
    {
        await victim.Stop();
        await PreDumpTool.Dump(victim.Pid, images);
        await PageComparison.AssertSame(victim, images);
    }
}
