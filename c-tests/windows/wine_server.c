/*
 * One thread waits in select for datagram sockets, others open and close such sockets. Nothing of oxievent is linked here.
 * Windows: goes on for ever. Wine 8.0: after some seconds its server, which all programs share, dies of
 * "server/fd.c:1644: set_fd_events: Assertion `poll_users[user] == fd' failed", and every program with it.
 * Not run with the others, for that reason: see WINE.md.
 */
#include <stdio.h>
#include <string.h>
#include <winsock2.h>
#include <windows.h>

#define MOST 40
static struct sockaddr_in server_at;
static volatile LONG turns;
static CRITICAL_SECTION lock;
static SOCKET watched[MOST], wake_in, wake_out;
static int count;

/* Answers what begins with y. */
static DWORD WINAPI serve(void *arg)
{
    for (;;) {
        char text[16];
        struct sockaddr_in from;
        int len = sizeof(from), got = recvfrom((SOCKET)arg, text, sizeof(text), 0, (struct sockaddr *)&from, &len);
        if (got > 0 && text[0] == 'y')
            sendto((SOCKET)arg, text, got, 0, (struct sockaddr *)&from, len);
    }
    return 0;
}
static DWORD WINAPI loop(void *arg)
{
    (void)arg;
    for (;;) {
        struct timeval second = {1, 0};
        char text[600];
        fd_set set;
        int i;
        FD_ZERO(&set);
        FD_SET(wake_out, &set);
        EnterCriticalSection(&lock);
        for (i = 0; i < count; i++)
            FD_SET(watched[i], &set);
        LeaveCriticalSection(&lock);
        if (select(0, &set, NULL, NULL, &second) > 0) {
            if (FD_ISSET(wake_out, &set))
                recv(wake_out, text, sizeof(text), 0);
            EnterCriticalSection(&lock);
            for (i = 0; i < count; i++)
                if (FD_ISSET(watched[i], &set))
                    recv(watched[i], text, sizeof(text), 0);
            LeaveCriticalSection(&lock);
        }
        InterlockedIncrement(&turns);
    }
    return 0;
}
static DWORD WINAPI open_and_close(void *arg)
{
    unsigned x = (unsigned)(UINT_PTR)arg;
    u_long yes = 1;
    for (;;) {
        SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
        ioctlsocket(s, FIONBIO, &yes);
        connect(s, (struct sockaddr *)&server_at, sizeof(server_at));
        x = x * 1664525 + 1013904223;
        send(s, x & 0x10000 ? "yes" : "no", 3, 0);
        EnterCriticalSection(&lock);
        if (count < MOST) {
            watched[count++] = s;
        } else {
            int i = (x >> 18) % MOST;
            closesocket(watched[i]);
            watched[i] = s;
        }
        LeaveCriticalSection(&lock);
        send(wake_in, "w", 1, 0);
    }
    return 0;
}

int main(void)
{
    WSADATA data;
    struct sockaddr_in any;
    int len = sizeof(server_at), second, still = 0;
    u_long yes = 1;
    UINT_PTR i;
    LONG before = -1;
    SOCKET s, l;

    WSAStartup(0x0202, &data);
    InitializeCriticalSection(&lock);
    memset(&any, 0, sizeof(any));
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s = socket(AF_INET, SOCK_DGRAM, 0);
    bind(s, (struct sockaddr *)&any, sizeof(any));
    getsockname(s, (struct sockaddr *)&server_at, &len);
    l = socket(AF_INET, SOCK_STREAM, 0);
    bind(l, (struct sockaddr *)&any, sizeof(any));
    listen(l, 1);
    len = sizeof(any);
    getsockname(l, (struct sockaddr *)&any, &len);
    wake_in = socket(AF_INET, SOCK_STREAM, 0);
    connect(wake_in, (struct sockaddr *)&any, sizeof(any));
    wake_out = accept(l, NULL, NULL);
    ioctlsocket(wake_in, FIONBIO, &yes);
    ioctlsocket(wake_out, FIONBIO, &yes);
    CreateThread(NULL, 0, serve, (void *)s, 0, NULL);
    CreateThread(NULL, 0, loop, NULL, 0, NULL);
    for (i = 1; i <= 3; i++)
        CreateThread(NULL, 0, open_and_close, (void *)i, 0, NULL);
    for (second = 1; second <= 60; second++) {
        Sleep(1000);
        still = turns == before ? still + 1 : 0;
        before = turns;
        if (still == 5) {
            printf("nothing moves any more after %d s and %ld turns\n", second - 5, before);
            return 1;
        }
    }
    printf("all is well after %ld turns\n", before);
    return 0;
}
