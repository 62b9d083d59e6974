//! Every limit of the compiler and the executor: one home, a name and a reason each.

/// Bytes of one source file. A plan of 100 000 steps is about 20 MB; more is not a plan.
pub const SOURCE_BYTES: usize = 32 << 20;
/// Bytes of one compiled program.
pub const PROGRAM_BYTES: usize = 256 << 20;
/// Memory that a compiled program may take once it is read. 2^20 instructions take about half of it.
pub const PROGRAM_MEMORY: usize = 1 << 30;
/// Nesting of blocks and brackets. The parser and the tree walks recurse once a level; people stay below 8.
pub const NESTING: usize = 64;
/// Files and folders that a language server looks at to find the plans of a workspace: somebody may open a whole disk.
pub const WORKSPACE_ENTRIES: usize = 20_000;
/// Source files in one compilation.
pub const FILES: usize = 1_000;
/// Instructions of a program, after fan-out, retries and includes.
pub const INSTRUCTIONS: usize = 1 << 20;
/// Edges between instructions: sixteen each. Where many follow many, the compiler puts a meeting point between them.
pub const EDGES: usize = 16 << 20;
/// Steps of the verifier through the order and the conditions of a program: a second or two. Compiled programs of
/// 100 000 steps take a hundredth of it.
pub const ORDER_STEPS: usize = 1 << 28;
/// Times that an instruction touches a cell, in all.
pub const ACCESSES: usize = 16 << 20;
/// Steps and blocks that a plan may unfold to: more than anybody writes, and some hundred megabytes.
pub const UNFOLDED: u32 = 300_000;
/// Values of a cell, so that a set of values is one `u64`.
pub const DOMAIN: usize = 64;
/// Diagnostics shown in one run; the rest are counted.
pub const DIAGNOSTICS: usize = 100;
/// Syntax errors reported in one item before its remainder is given up.
pub const ERRORS_PER_ITEM: usize = 10;
/// Members that `any of` may try. Each is a block in the one before, and blocks are walked by recursion.
pub const ATTEMPTS: usize = 64;
/// Blocks within blocks after includes. Later phases recurse once a level, a few kilobytes each.
pub const BLOCKS: usize = 200;
/// Syntax errors reported in one file; where there are more, it is no plan.
pub const SYNTAX_ERRORS: usize = 1_000;
/// Depth of plans that include plans.
pub const INCLUDES: usize = 16;
/// Copies that `retry from` may make of its segment.
pub const RETRY_COPIES: u32 = 20;
/// Times a single step may be retried.
pub const RETRIES: u32 = 10_000;
/// Bytes of a command's output that are kept: the end of it, in the journal and for `match`.
pub const OUTPUT_BYTES: usize = 256 << 10;
/// Bytes of one output line or text looked at by patterns.
pub const PATTERN_BYTES: usize = 1 << 10;
/// Milliseconds between asking a command to end and killing it.
pub const KILL_GRACE_MS: u64 = 5_000;
/// Milliseconds for the rest of the output once a command has ended: something it left behind may hold the pipe open.
pub const DRAIN_MS: u64 = 200;
/// Time limit of a read-back whose command has none, in milliseconds.
pub const READ_BACK_MS: u64 = 60_000;
/// Milliseconds that a command may outlive its limit on a machine that ends it by itself.
pub const REMOTE_GRACE_MS: u64 = 15_000;
/// Milliseconds in which the way to a node must open; the first time it is tried twice.
pub const OPENING_MS: u64 = 30_000;
/// Milliseconds before the way to a node is tried a second time that failed as while sshd restarts or has too much to do.
pub const AGAIN_MS: u64 = 3_000;
/// Milliseconds before the way to a node that could not be opened is tried again; twice as many each time.
pub const RETRY_MS: u64 = 500;
/// Milliseconds in which a node must say that it has ended a command.
pub const REMOTE_KILL_MS: u64 = 20_000;
/// Milliseconds for which a node is sought whose connection was lost while a command ran, unless said otherwise.
pub const LOST_AFTER_MS: u64 = 30_000;
/// Commands at a time on one node, unless said otherwise: sshd_config(5) has `MaxSessions 10`.
pub const PER_NODE: usize = 8;
/// Bytes of a script: Linux takes arguments of 128 KiB.
pub const SCRIPT_BYTES: usize = (128 << 10) - 1;
/// Milliseconds for removing what a run has noted at its nodes.
pub const LEAVING_MS: u64 = 5_000;
/// Bytes of one secret: it must fit a pipe without anybody reading.
pub const SECRET_BYTES: usize = 4 << 10;
/// Bytes of an approval: a statement with the sources and the listing of one program, and a signature.
pub const APPROVAL_BYTES: usize = 64 << 20;
/// Lines of a signature: RSA with a certificate takes about 60.
pub const SIGNATURE_LINES: usize = 400;
/// Different patterns of a program.
pub const PATTERNS: usize = 10_000;
/// Any time limit, pause or duration in milliseconds: 30 days.
pub const TIME_MS: u64 = 30 * 24 * 3_600_000;
/// Bytes of a disassembly. Short references to long names could make it a thousand times longer than its program.
pub const LISTING_BYTES: usize = 512 << 20;
/// Bytes of a row of names in a listing.
pub const ROW_BYTES: usize = 1 << 20;
/// Characters of a name where a listing mentions it.
pub const MENTION: usize = 160;
/// Bytes of a name: it must be possible to say it.
pub const NAME_BYTES: usize = 1_000;
/// How long a lock is waited for before its holder is named: a killed executor may keep it for a moment.
pub const LOCK_MS: u64 = 1_000;
/// Nodes of decision diagrams in one proof: 12 bytes each, and 8 to find them. Real plans need a few thousand.
pub const PROOF_NODES: usize = 2_000_000;
/// Steps of simulated runs in a drill of one plan, roughly: some seconds. Beyond it fewer combinations are tried, then
/// fewer faults.
pub const DRILLED_STEPS: usize = 2_000_000;
/// Milliseconds in which the copy of a journal must answer, and after which it is asked whether it is still there.
pub const REPLICA_MS: u64 = 5_000;
/// Milliseconds for the way to the copy to open.
pub const REPLICA_OPEN_MS: u64 = 15_000;
/// Milliseconds before the first attempt to open it again; each further one waits twice as long, up to half a minute.
pub const REPLICA_RETRY_MS: u64 = 500;
