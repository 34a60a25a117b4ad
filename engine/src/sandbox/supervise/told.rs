//! Texts of `/proc` as they are told: made up for the machine, cleaned of counters for a process.
//!
//! This file knows no processes and opens nothing.

use crate::sandbox::limits;

/// Settings of the kernel.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("sys/fs/file-max", "1048576\n"),
    ("sys/fs/nr_open", "1048576\n"),
    ("sys/fs/pipe-max-size", "1048576\n"),
    ("sys/kernel/cap_last_cap", "40\n"),
    ("sys/kernel/domainname", "(none)\n"),
    ("sys/kernel/hostname", "gx\n"),
    ("sys/kernel/ngroups_max", "65536\n"),
    ("sys/kernel/osrelease", limits::KERNEL_RELEASE),
    ("sys/kernel/ostype", "Linux\n"),
    ("sys/kernel/overflowgid", "65534\n"),
    ("sys/kernel/overflowuid", "65534\n"),
    ("sys/kernel/pid_max", "4194304\n"),
    ("sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n"),
    ("sys/kernel/random/entropy_avail", "256\n"),
    ("sys/kernel/random/poolsize", "256\n"),
    ("sys/kernel/random/uuid", ""),
    ("sys/kernel/randomize_va_space", "0\n"),
    ("sys/kernel/threads-max", "126000\n"),
    ("sys/kernel/version", limits::KERNEL_VERSION),
    ("sys/vm/max_map_count", "65530\n"),
    ("sys/vm/mmap_min_addr", "65536\n"),
    ("sys/vm/overcommit_memory", "0\n"),
    ("sys/vm/overcommit_ratio", "50\n"),
    ("sys/vm/swappiness", "60\n"),
];

/// A file of the machine that never was.
pub(super) fn of_the_machine(name: &str) -> Option<String> {
    let kib = limits::MEMORY / 1024;
    Some(match name {
        "cmdline" => "quiet\n".to_owned(),
        "cpuinfo" => format!(
            "processor\t: 0\nmodel name\t: gx\ncpu MHz\t\t: 1000.000\ncpu cores\t: 1\nflags\t\t: {}\n\n",
            if cfg!(target_arch = "x86_64") { "fpu tsc cx8 cmov mmx fxsr sse sse2 syscall nx lm" } else { "fp asimd" }
        ),
        "filesystems" => "nodev\ttmpfs\nnodev\tproc\n".to_owned(),
        "loadavg" => "0.00 0.00 0.00 1/1 1\n".to_owned(),
        "meminfo" => format!(
            "MemTotal:       {kib} kB\nMemFree:        {} kB\nMemAvailable:   {} kB\nBuffers:              0 kB\n\
             Cached:               0 kB\nSwapTotal:            0 kB\nSwapFree:             0 kB\n",
            kib / 2,
            kib / 2
        ),
        "stat" => format!(
            "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nintr 0\nctxt 0\nbtime {}\nprocesses 1\n\
             procs_running 1\nprocs_blocked 0\n",
            limits::EPOCH - limits::UPTIME
        ),
        "swaps" => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_owned(),
        "uptime" => format!("{}.00 {}.00\n", limits::UPTIME, limits::UPTIME),
        "version" => format!("Linux version {} {}\n", limits::KERNEL_RELEASE, limits::KERNEL_VERSION),
        "vmstat" => "nr_free_pages 0\n".to_owned(),
        _ => return None,
    })
}

/// Takes out of a table of memory what the kernel numbers.
pub(super) fn plain_maps(maps: &str, number: &mut impl FnMut(&str) -> u64) -> String {
    let mut plain = String::new();
    for line in maps.lines() {
        let mut fields = line.splitn(6, ' ');
        let head: Vec<&str> = fields.by_ref().take(3).collect();
        let inode = fields.by_ref().nth(1).unwrap_or("0");
        let name = fields.next().unwrap_or_default().trim_start();
        // The kernel's own pages are where and as large as it pleases.
        if ["[vdso]", "[vsyscall]"].contains(&name) || name.starts_with("[vvar") {
            continue;
        }
        let number = if inode == "0" { 0 } else { number(name) };
        plain += &format!("{} 00:{:02x} {number} {name}\n", head.join(" "), u32::from(number != 0));
    }
    plain
}

/// Lines of `status` that tell of the moment or the machine, and what is told instead; `""` for nothing.
const LINES: &[(&str, &str)] = &[
    ("TracerPid", "0"),
    ("Ngid", "0"),
    ("State", "R (running)"),
    ("Kthread", ""),
    ("Seccomp_filters", "1"),
    ("SigQ", "0/4096"),
    ("Cpus_allowed", "1"),
    ("Cpus_allowed_list", "0"),
    ("Mems_allowed", "1"),
    ("Mems_allowed_list", "0"),
    ("Speculation_Store_Bypass", ""),
    ("SpeculationIndirectBranch", ""),
    ("voluntary_ctxt_switches", "0"),
    ("nonvoluntary_ctxt_switches", "0"),
];
/// What else of `status` is told.
const KEPT: &[&str] = &[
    "Name",
    "Umask",
    "Tgid",
    "Pid",
    "PPid",
    "Uid",
    "Gid",
    "FDSize",
    "Groups",
    "Threads",
    "SigPnd",
    "ShdPnd",
    "SigBlk",
    "SigIgn",
    "SigCgt",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
];

/// Takes out of a process's state what moves by itself.
pub(super) fn plain_status(status: &str) -> String {
    let mut plain = String::new();
    for line in status.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        match LINES.iter().find(|(known, _)| *known == name) {
            Some((_, "")) => {}
            Some((_, told)) => plain += &format!("{name}:\t{told}\n"),
            None if KEPT.contains(&name) => plain += &format!("{name}:{value}\n"),
            None => {}
        }
    }
    plain
}

/// Fields of `stat` behind the name, counted from 3, that are kept; all others are 0.
const STAT_KEPT: &[usize] = &[4, 5, 6, 7, 8, 20, 26, 27, 28, 45, 46, 47, 48, 49, 50, 51];

/// The same of its state in one line.
pub(super) fn plain_stat(stat: &str) -> String {
    let (head, rest) = stat.rsplit_once(") ").unwrap_or((stat, ""));
    let fields = rest.split_whitespace().enumerate().map(|(index, field)| match index + 3 {
        3 => "R".to_owned(),
        // Priority, and the signal that its end sends.
        18 => "20".to_owned(),
        38 => "17".to_owned(),
        at if STAT_KEPT.contains(&at) => field.to_owned(),
        _ => "0".to_owned(),
    });
    format!("{head}) {}\n", fields.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lose_what_the_kernel_counts() {
        let maps = "555555554000-555555556000 r--p 00000000 fe:00 4711                       /usr/bin/cat\n\
                    7ffff7fff000-7ffff8000000 rw-p 00000000 00:00 0 \n";
        insta::assert_snapshot!(plain_maps(maps, &mut |_| 9), @r"
        555555554000-555555556000 r--p 00000000 00:01 9 /usr/bin/cat
        7ffff7fff000-7ffff8000000 rw-p 00000000 00:00 0
        ");
        let stat = "12 (a b) c) S 1 12 12 0 -1 4194560 85 0 0 0 1 2 0 0 30 5 1 0 777 8 9 10 11 12 13 14";
        insta::assert_snapshot!(plain_stat(stat), @"12 (a b) c) R 1 12 12 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 0 11 12 13 0");
        let status = "Name:\tcat\nState:\tS (sleeping)\nVmRSS:\t  99 kB\nThreads:\t1\nvoluntary_ctxt_switches:\t12\n";
        insta::assert_snapshot!(plain_status(status), @r"
        Name:	cat
        State:	R (running)
        Threads:	1
        voluntary_ctxt_switches:	0
        ");
    }
}
