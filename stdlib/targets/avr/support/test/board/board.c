/* A board with one processor: its serial line is the standard input and output. Ends when the processor sleeps for good. */
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* May a byte be sent to the processor? */
static int ready = 0;

static void on_ready(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    (void)value;
    ready = param != NULL;
}

static void on_output(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    (void)param;
    putchar((int)(value & 0xff));
}

int main(int count, char **arguments) {
    static elf_firmware_t firmware;
    static int yes = 1;
    /* What the simulator says of itself is no output of the processor. */
    const int output = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    if (count < 2 || elf_read_firmware(arguments[1], &firmware) != 0) {
        fputs("there is no firmware\n", stderr);
        return 2;
    }
    avr_t *avr = avr_make_mcu_by_name("atmega1284p");
    if (avr == NULL) {
        fputs("there is no such processor\n", stderr);
        return 2;
    }
    avr_init(avr);
    avr->log = LOG_ERROR;
    avr->frequency = 16000000;
    avr_load_firmware(avr, &firmware);
    fflush(stdout);
    dup2(output, STDOUT_FILENO);
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_t *input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_output, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_ready, &yes);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_ready, NULL);
    int ended = 0;
    for (;;) {
        if (ready && !ended) {
            const int byte = getchar();
            /* The end of the input is a byte of its own. */
            ended = byte == EOF;
            avr_raise_irq(input, ended ? 4u : (uint32_t)byte);
        }
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            return fflush(stdout) == 0 && state == cpu_Done ? 0 : 1;
        }
    }
}
