/*
 * Can a program send Ctrl-Break to its console? Nothing of oxievent is linked here.
 * Windows: yes, and the handler runs. Wine 8: GenerateConsoleCtrlEvent fails; with Ctrl-C it works.
 */
#include <stdio.h>
#include <windows.h>

static volatile LONG c, b;
static BOOL WINAPI pressed(DWORD key)
{
    InterlockedIncrement(key == CTRL_C_EVENT ? &c : &b);
    return TRUE;
}

int main(void)
{
    BOOL ok;
    FreeConsole();
    AllocConsole();
    SetConsoleCtrlHandler(NULL, FALSE);
    SetConsoleCtrlHandler(pressed, TRUE);
    ok = GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0);
    printf("Ctrl-Break: %s, error %lu\n", ok ? "sent" : "refused", ok ? 0 : GetLastError());
    ok = GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    printf("Ctrl-C: %s\n", ok ? "sent" : "refused");
    Sleep(500);
    printf("seen: Ctrl-C %ld, Ctrl-Break %ld\n", c, b);
    return b == 1 ? 0 : 1;
}
