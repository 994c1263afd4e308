namespace PreDump.PageServer.Protocol;

/// <summary>The low 16 bits of a message's command (CRIU's PS_IOV_*).</summary>
public enum PageServerCommandCode : ushort
{
    /// <summary>Old clients: a run of pages, which follow.</summary>
    Add = 1,

    /// <summary>Old clients: a run that is in the parent.</summary>
    Hole = 2,

    /// <summary>Old clients: begin the images of an id; no answer.</summary>
    Open = 3,

    /// <summary>Begin the images of an id; the answer is one byte: whether the parent has them.</summary>
    Open2 = 4,

    /// <summary>Does the parent have this id? The answer is an int32.</summary>
    Parent = 5,

    /// <summary>A run with flags; its pages follow if it is present.</summary>
    AddFlags = 6,

    /// <summary>A request for lazy pages.</summary>
    Get = 7,

    /// <summary>Everything is sent; the answer is an int32, 0 once everything is written.</summary>
    Close = 0x1023,

    /// <summary>The same on an inherited socket.</summary>
    ForceClose = 0x1024,
}
