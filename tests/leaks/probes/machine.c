// Which machine: processor, memory, kernel, devices, files of its own.
#include "probe.h"
#include <dirent.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

SHOW_FILE(machine_id, "/etc/machine-id")
SHOW_FILE(boot_id, "/proc/sys/kernel/random/boot_id")
SHOW_FILE(version_of_the_kernel, "/proc/version")
SHOW_FILE(command_line_of_the_kernel, "/proc/cmdline")
SHOW_FILE(partitions, "/proc/partitions")
SHOW_FILE(devices_of_the_kernel, "/proc/devices")
SHOW_FILE(file_systems_of_the_kernel, "/proc/filesystems")
SHOW_FILE(largest_process_number, "/proc/sys/kernel/threads-max")
PROBE(build_of_the_kernel) {
    struct utsname u;
    uname(&u);
    fprintf(out, "%s %s\n", u.release, u.version);
}
PROBE(model_of_the_processor) { show_line(out, "/proc/cpuinfo", "model name"), show_line(out, "/proc/cpuinfo", "processor"); }
PROBE(features_of_the_processor) { fprintf(out, "%lx %lx\n", getauxval(AT_HWCAP), getauxval(AT_HWCAP2)); }
PROBE(processor_by_its_own_word) {
#ifdef __x86_64__
    for (unsigned leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
        unsigned a = leaf, b = 0, c = 0, d = 0;
        __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        fprintf(out, "%08x%08x%08x%08x\n", a, b, c, d);
    }
#endif
}
PROBE(caches_of_the_processor) {
    fprintf(out, "%ld %ld %ld\n", sysconf(_SC_LEVEL1_DCACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE),
            sysconf(_SC_LEVEL3_CACHE_SIZE));
}
PROBE(memory_by_proc) { show_line(out, "/proc/meminfo", "MemTotal"); }
PROBE(memory_by_sysinfo) {
    struct sysinfo info;
    sysinfo(&info);
    fprintf(out, "%lu\n", info.totalram);
}
PROBE(memory_by_libc) { fprintf(out, "%ld\n", sysconf(_SC_PHYS_PAGES)); }
SHOW_FILE(free_memory, "/proc/meminfo")
SHOW_FILE(processors_online, "/sys/devices/system/cpu/online")
PROBE(memory_nodes) { show_folder(out, "/sys/devices/system/node"); }
PROBE(devices_by_sys) { show_folder(out, "/sys/class/block"), show_folder(out, "/sys/class/net"); }
PROBE(devices_by_dev) { show_folder(out, "/dev"); }
SHOW_FILE(boot_image, "/sys/kernel/notes")
PROBE(files_in_etc) { show_folder(out, "/etc"); }
PROBE(files_of_the_root) { show_folder(out, "/"); }
PROBE(size_of_the_root) {
    struct statfs s;
    statfs("/", &s);
    fprintf(out, "%lx %llu\n", (long)s.f_type, (unsigned long long)s.f_blocks);
}

SHOW_FILE(users_of_the_machine, "/etc/passwd")
SHOW_FILE(hosts_of_the_machine, "/etc/hosts")
SHOW_FILE(name_servers, "/etc/resolv.conf")
SHOW_FILE(release_of_the_system, "/etc/os-release")
PROBE(time_zone_of_the_machine) {
    struct tm t;
    time_t noon = 1000000000;
    unsetenv("TZ");
    tzset();
    localtime_r(&noon, &t);
    fprintf(out, "%ld %s\n", t.tm_gmtoff, t.tm_zone);
}

// The kernel's own tick.
PROBE(resolution_of_a_clock) {
    struct timespec t;
    clock_getres(CLOCK_MONOTONIC_COARSE, &t);
    fprintf(out, "%ld\n", t.tv_nsec);
}
PROBE(resolution_of_a_clock_by_syscall) {
    struct timespec t;
    syscall(SYS_clock_getres, CLOCK_REALTIME_COARSE, &t);
    fprintf(out, "%ld\n", t.tv_nsec);
}
PROBE(version_of_landlock) { fprintf(out, "%ld\n", syscall(444, NULL, 0, 1)); }
// Which of the younger system calls there are, tried with arguments that none of them takes.
PROBE(youngest_system_call) {
    for (long nr = 451; nr < 480; nr++)
        if (syscall(nr, -1, -1, -1, -1, -1, -1) != -1 || errno != ENOSYS) fprintf(out, "%ld\n", nr);
}
SHOW_FILE(label_of_the_process, "/proc/self/attr/current")

SHOW_FILE(load, "/proc/loadavg")
SHOW_FILE(uptime, "/proc/uptime")
SHOW_FILE(counters_of_the_kernel, "/proc/stat")
SHOW_FILE(counters_of_memory, "/proc/vmstat")
SHOW_FILE(interrupts, "/proc/interrupts")
SHOW_FILE(counters_of_disks, "/proc/diskstats")
