//! The table of leaks: what is tried, between which two worlds, and what may pass at each level.
//!
//! Invariants: a row is all that a leak needs; the letters are for `none`, `sandboxed`, `normalised` and `strict`: `D`
//! the worlds are told apart, `S` they are not, `-` either, `x` they are and should not be: a leak that is still open.
//! At `none` it is `D`, else the row would prove nothing.
//! This file does not know how a world is made.

use crate::worlds::World::{self, *};

/// How the probe is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// The probe of that name, in the program that finds its libraries when it starts.
    Dynamic(&'static str),
    /// The same, in the program that has all in it.
    Static(&'static str),
    /// A command for `sh`; its standard output is what it learned.
    Shell(&'static str),
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leak {
    /// Names it.
    pub(crate) name: &'static str,
    /// What runs.
    pub(crate) program: Program,
    /// What differs.
    pub(crate) world: World,
    /// What passes at each level.
    pub(crate) verdict: &'static str,
}

const fn leak(name: &'static str, world: World, verdict: &'static str) -> Leak {
    Leak { name, program: Program::Dynamic(name), world, verdict }
}

const fn fixed(name: &'static str, probe: &'static str, world: World, verdict: &'static str) -> Leak {
    Leak { name, program: Program::Static(probe), world, verdict }
}

const fn shell(name: &'static str, command: &'static str, world: World, verdict: &'static str) -> Leak {
    Leak { name, program: Program::Shell(command), world, verdict }
}

/// What no pair of worlds on one machine can show, and why.
pub(crate) const SKIPPED: &[(&str, &str)] = &[
    ("environment variables, locale and TZ", "an action's environment is the rule's at every level, `none` too"),
    ("order in which inputs were made", "inputs are staged in the order of their names at every level"),
    ("standard input", "it is /dev/null at every level"),
    ("modification time of an input", "it is the same fixed time at every level"),
    ("link count of an input", "an input is a copy, with one link, at every level"),
    ("argv[0]", "it is the rule's at every level"),
    ("number of open files of the machine", "nothing here decides it, so two worlds may have the same"),
    ("size of a page, ticks of a second", "one machine has one of each"),
];

/// Every leak.
#[rustfmt::skip]
pub(crate) const LEAKS: &[Leak] = &[
    // Real time.
    leak("real_time_by_syscall", Moment, "DDSS"),
    leak("real_time_by_libc", Moment, "DDSS"),
    fixed("real_time_by_libc_static", "real_time_by_libc", Moment, "DDSS"),
    fixed("real_time_by_syscall_static", "real_time_by_syscall", Moment, "DDSS"),
    leak("real_time_coarse", Moment, "DDSS"),
    leak("international_time", Moment, "DDSS"),
    leak("time_of_day", Moment, "DDSS"),
    leak("time_in_seconds", Moment, "DDSS"),
    leak("time_seconds_by_syscall", Moment, "DDSS"),
    leak("adjtimex_time", Moment, "DSSS"),
    shell("date_of_the_shell", "date +%s.%N", Moment, "DDSS"),
    leak("real_time_by_the_vdso", Moment, "DDSS"),
    leak("time_of_a_packet", Moment, "DDSS"),
    leak("times_of_shared_memory", Moment, "DDSS"),
    leak("times_of_a_message_queue", Moment, "DDSS"),
    // Elapsed time.
    leak("monotonic_by_syscall", Moment, "DDDS"),
    leak("monotonic_by_libc", Moment, "DDDS"),
    fixed("monotonic_by_libc_static", "monotonic_by_libc", Moment, "DDDS"),
    leak("monotonic_raw", Moment, "DDDS"),
    leak("boot_time", Moment, "DDDS"),
    leak("cpu_time_of_process", Moment, "DDDS"),
    leak("cpu_time_of_thread", Moment, "DDDS"),
    leak("cpu_time_by_rusage", Moment, "DDDS"),
    leak("ticks_since_boot", Moment, "DDDS"),
    leak("counter_of_the_cpu", Moment, "DDDS"),
    fixed("counter_of_the_cpu_static", "counter_of_the_cpu", Moment, "DDDS"),
    leak("time_left_of_select", Moment, "DDDS"),
    leak("turns_until_an_alarm", Moment, "DDDS"),
    // Times of files.
    leak("times_of_own_output", Moment, "DDSS"),
    leak("birth_of_own_output", Moment, "DDSS"),
    leak("times_of_an_input", Moment, "DDSS"),
    leak("birth_of_an_input", Moment, "DDSS"),
    leak("times_of_the_working_folder", Moment, "DDSS"),
    leak("times_of_the_folder_for_temporaries", Moment, "DDSS"),
    leak("times_of_a_folder_of_outputs", Moment, "DDSS"),
    leak("times_of_proc", Moment, "DDSS"),
    leak("times_set_to_now", Moment, "DDSS"),
    leak("times_of_a_pipe", Moment, "DDSS"),
    leak("times_of_memory", Moment, "DDSS"),
    shell("time_of_a_file_by_ls", "touch made; stat -c %y made", Moment, "DDSS"),
    // Chance.
    leak("getrandom_call", Moment, "DDSS"),
    fixed("getrandom_call_static", "getrandom_call", Moment, "DDSS"),
    leak("getrandom_of_the_pool", Moment, "DDSS"),
    leak("arc4random_of_libc", Moment, "DDSS"),
    leak("dev_urandom", Moment, "DDSS"),
    leak("dev_random", Moment, "DDSS"),
    leak("uuid_of_the_kernel", Moment, "DDSS"),
    leak("random_bytes_at_start", Moment, "DDSS"),
    fixed("random_bytes_at_start_static", "random_bytes_at_start", Moment, "DDSS"),
    leak("random_of_the_cpu", RandomOfCpu, "DDDD"),
    leak("seed_of_the_cpu", SeedOfCpu, "DDDD"),
    leak("name_of_a_temporary_file", Moment, "DDDS"),
    shell("temporary_name_of_the_shell", "mktemp -u", Moment, "DDSS"),
    leak("port_that_is_drawn", Moment, "DDSS"),
    leak("abstract_name_that_is_drawn", Moment, "DDSS"),
    leak("cookie_of_a_socket", Moment, "DDSS"),
    leak("serial_of_a_key", Moment, "DSSS"),
    leak("urandom_by_a_folder", Moment, "DDSS"),
    leak("urandom_by_a_symlink", Moment, "DDSS"),
    // Addresses.
    leak("address_of_the_stack", Moment, "DDSS"),
    fixed("address_of_the_stack_static", "address_of_the_stack", Moment, "DDSS"),
    leak("address_of_the_heap", Moment, "DDSS"),
    leak("address_of_a_mapping", Moment, "DDSS"),
    leak("address_of_a_large_allocation", Moment, "DDSS"),
    leak("address_of_the_program", Moment, "DDSS"),
    leak("address_of_a_library", Moment, "DDSS"),
    leak("address_of_the_vdso", Moment, "DDSS"),
    leak("map_of_memory", Moment, "DDSS"),
    // Scheduling.
    leak("turns_of_threads", Moment, "DDDS"),
    leak("order_of_parallel_writes", Moment, "DDDS"),
    // Numbers that the kernel counts up.
    leak("process_number", Moment, "DSSS"),
    leak("parent_number", Moment, "DSSS"),
    leak("thread_number", Moment, "DSSS"),
    leak("session_and_group", Moment, "DSSS"),
    leak("number_of_a_child", Moment, "DSSS"),
    shell("process_number_of_the_shell", "echo $$", Moment, "DSSS"),
    leak("status_line_of_the_process", Moment, "DDSS"),
    leak("waits_of_the_process", Moment, "DDSS"),
    leak("process_by_a_symlink", Moment, "DDSS"),
    leak("process_by_a_symlink_to_the_root", Moment, "DDSS"),
    leak("process_by_two_symlinks", Moment, "DDSS"),
    leak("process_by_a_folder", Moment, "DDSS"),
    leak("process_by_a_path_descriptor", Moment, "DDSS"),
    leak("process_by_the_working_folder", Moment, "DDSS"),
    leak("process_by_its_thread", Moment, "DDSS"),
    leak("process_by_openat2", Moment, "DDSS"),
    leak("process_by_its_root", Moment, "DDSS"),
    leak("namespaces_by_number", Hosts, "DDSS"),
    leak("number_of_shared_memory", Moment, "DSSS"),
    leak("number_of_a_semaphore", Moment, "DSSS"),
    leak("inode_of_an_input", Moment, "D-SS"),
    leak("inode_by_readdir", Moment, "D-SS"),
    leak("inode_of_the_output", Moment, "D-SS"),
    leak("inode_of_the_working_folder", Moment, "D-SS"),
    leak("inode_of_a_pipe", Moment, "DDSS"),
    leak("inode_of_a_socket", Moment, "DDSS"),
    leak("inode_of_memory", Moment, "DDSS"),
    // What the kernel counts and tells of the moment.
    leak("uptime_by_sysinfo", Moment, "DDSS"),
    leak("load", Moment, "DDSS"),
    leak("uptime", Moment, "DDSS"),
    leak("uptime_by_dots", Moment, "DDSS"),
    leak("counters_of_the_kernel", Moment, "DDSS"),
    leak("counters_of_memory", Moment, "DDSS"),
    leak("interrupts", Moment, "DDSS"),
    leak("counters_of_disks", Moment, "DDSS"),
    leak("free_memory", Moment, "DDSS"),
    leak("free_space", Moment, "D-SS"),
    // It names the devices and folders of the host behind what is mounted, and no kernel hides that from a process.
    leak("mount_table", Temporaries, "DDSS"),
    // Where it runs.
    leak("working_folder", Folder, "DSSS"),
    leak("own_path", Folder, "DSSS"),
    leak("path_at_start", Folder, "DSSS"),
    leak("command_line_of_the_parent", Folder, "DSSS"),
    shell("working_folder_of_the_shell", "pwd", Folder, "DSSS"),
    leak("order_of_inputs", FileSystem, "D-SS"),
    leak("order_of_made_inputs", FileSystem, "D-SS"),
    leak("order_of_own_files", Temporaries, "DSSS"),
    leak("order_of_files_beside_the_output", FileSystem, "DSSS"),
    shell("order_of_find", "find in", FileSystem, "D-SS"),
    leak("device_of_an_input", FileSystem, "D-SS"),
    leak("device_of_the_output", FileSystem, "D-SS"),
    leak("size_of_a_folder_of_inputs", FileSystem, "D-SS"),
    leak("size_of_the_folder_of_outputs", FileSystem, "DSSS"),
    leak("file_system_of_inputs", FileSystem, "D-SS"),
    leak("file_system_of_outputs", FileSystem, "DSSS"),
    leak("size_of_the_file_system", FileSystem, "DSSS"),
    leak("identity_of_the_file_system", FileSystem, "D-SS"),
    leak("flags_of_an_input", FileSystem, "D-SS"),
    leak("attributes_of_an_input", AccessList, "DSSS"),
    leak("attributes_of_the_folder_of_outputs", AccessList, "DSSS"),
    // Who runs it.
    leak("user_and_group", User, "DSSS"),
    leak("further_groups", Groups, "DSSS"),
    leak("name_of_the_user", User, "DSSS"),
    leak("map_of_users", UserMap, "DSSS"),
    leak("map_of_groups", UserMap, "DSSS"),
    leak("owner_of_an_input", User, "DSSS"),
    leak("owner_of_the_root", User, "DSSS"),
    leak("capabilities", User, "DSSS"),
    shell("user_by_id", "id", User, "DSSS"),
    leak("host_name", Hosts, "DSSS"),
    leak("domain_name", Hosts, "DSSS"),
    leak("host_name_by_proc", Hosts, "DSSS"),
    shell("host_name_by_uname", "uname -n", Hosts, "DSSS"),
    leak("machine_by_uname", Personality, "DSSS"),
    leak("release_by_uname", Personality, "DSSS"),
    leak("personality_of_the_process", Personality, "DSSS"),
    // What a process has from the one that started it.
    leak("environment_of_the_parent", Environment, "DSSS"),
    leak("input_of_the_parent", Input, "DSSS"),
    leak("terminal", Terminal, "DSSS"),
    leak("open_descriptors", Descriptors, "DSSS"),
    leak("umask_of_the_process", Umask, "DSSS"),
    leak("nice_value", Nice, "DDSS"),
    leak("class_of_disk_use", Nice, "DDSS"),
    leak("scheduling_policy", Policy, "DDSS"),
    leak("processors_it_may_use", Processors, "DDSS"),
    leak("processors_by_proc", Processors, "DDSS"),
    shell("processors_by_nproc", "nproc", Processors, "DDSS"),
    leak("processor_it_runs_on", Processor, "DDSS"),
    leak("ignored_signals", Signals, "DSSS"),
    leak("wish_to_be_killed_for_memory", Memory, "DDSS"),
    leak("wish_to_be_killed_as_it_is_set", Memory, "DSSS"),
    leak("what_a_core_dump_holds", Memory, "DDSS"),
    leak("control_group", ControlGroup, "DSSS"),
    leak("soft_limits", SoftLimits, "DSSS"),
    leak("hard_limits", HardLimits, "DSSS"),
    // Which machine it is.
    leak("machine_id", Etc, "DSSS"),
    leak("users_of_the_machine", Etc, "DSSS"),
    leak("hosts_of_the_machine", Etc, "DSSS"),
    leak("name_servers", Etc, "DSSS"),
    leak("release_of_the_system", Etc, "DSSS"),
    leak("time_zone_of_the_machine", Etc, "DSSS"),
    leak("files_in_etc", Etc, "DSSS"),
    leak("boot_id", Machine, "DDSS"),
    leak("version_of_the_kernel", Machine, "DDSS"),
    leak("command_line_of_the_kernel", Machine, "DDSS"),
    leak("partitions", Machine, "DDSS"),
    leak("devices_of_the_kernel", Machine, "DDSS"),
    leak("file_systems_of_the_kernel", Machine, "DDSS"),
    leak("largest_process_number", Machine, "DDSS"),
    leak("build_of_the_kernel", Machine, "DDSS"),
    leak("resolution_of_a_clock", Machine, "DDSS"),
    leak("resolution_of_a_clock_by_syscall", Machine, "DDSS"),
    leak("version_of_landlock", Machine, "DDSS"),
    leak("youngest_system_call", Machine, "DDSS"),
    leak("label_of_the_process", Machine, "DDSS"),
    leak("model_of_the_processor", Machine, "DDSS"),
    leak("features_of_the_processor", Machine, "DDDD"),
    leak("processor_by_its_own_word", Machine, "DDDD"),
    leak("caches_of_the_processor", Machine, "DDDD"),
    leak("memory_by_proc", Machine, "DDSS"),
    leak("memory_by_sysinfo", Machine, "DDSS"),
    leak("memory_by_libc", Machine, "DDSS"),
    leak("processors_by_libc", Machine, "DDSS"),
    leak("processors_online", Machine, "DSSS"),
    leak("memory_nodes", Machine, "DSSS"),
    leak("devices_by_sys", Machine, "DSSS"),
    leak("devices_by_dev", Machine, "DSSS"),
    leak("boot_image", Machine, "DSSS"),
    leak("files_of_the_root", Machine, "DSSS"),
    leak("size_of_the_root", Machine, "DSSS"),
    leak("network_devices", Network, "DSSS"),
    leak("network_addresses", Network, "DSSS"),
    leak("network_devices_by_proc", Network, "DSSS"),
    leak("routes", Network, "DSSS"),
    // Neighbours.
    leak("listener_on_loopback", Neighbours, "DSSS"),
    leak("listener_by_proc", Neighbours, "DSSS"),
    leak("abstract_socket_of_the_host", Neighbours, "DSSS"),
    leak("abstract_socket_by_proc", Neighbours, "DSSS"),
    leak("socket_file_of_the_host", Neighbours, "DSSS"),
    leak("shared_memory_of_the_host", Neighbours, "DSSS"),
    leak("shared_memory_by_proc", Neighbours, "DSSS"),
    leak("named_memory_of_the_host", Neighbours, "DSSS"),
    leak("message_queue_of_the_host", Neighbours, "DSSS"),
    leak("key_of_the_user", Neighbours, "DSSS"),
    leak("other_processes", Neighbours, "DSSS"),
    leak("a_file_of_the_host", Root, "DSSS"),
    leak("a_temporary_file_of_the_host", Neighbours, "DSSS"),
    leak("times_of_the_root", Root, "DDSS"),
    leak("an_undeclared_file_of_the_workspace", Undeclared, "DSSS"),
    // What an earlier action left.
    leak("left_in_temporary", Leftovers, "DSSS"),
    leak("left_in_shared_memory", Leftovers, "DSSS"),
    leak("left_as_shared_memory", Leftovers, "DSSS"),
    leak("left_by_a_process", Leftovers, "DSSS"),
];
