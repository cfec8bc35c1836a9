package run

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// modeVariable makes the test binary a child process of the tests: see child.
const modeVariable = "RUN_TEST_MODE"

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeVariable); mode != "" {
		child(mode)
	}
	os.Exit(m.Run())
}

// child runs the given mode, "WHAT ARGUMENT", and exits the process.
func child(mode string) {
	what, arg, _ := strings.Cut(mode, " ")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	switch what {
	case "record": // write the name to the file on SIGTERM
		name, file, _ := strings.Cut(arg, " ")
		fmt.Println("up")
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // long enough to detect a wrong order
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			fail(err)
		}
		fmt.Fprintln(f, name)
	case "stubborn": // ignore SIGTERM, and start a child that does too
		signal.Ignore(syscall.SIGTERM)
		sleep := exec.Command("sleep", "60")
		if err := sleep.Start(); err != nil {
			fail(err)
		}
		fmt.Println("up", sleep.Process.Pid)
		time.Sleep(time.Minute)
	case "crash":
		fmt.Println("first")
		fmt.Fprintln(os.Stderr, "second")
		os.Exit(3)
	case "lock": // lock the project in the folder until SIGTERM
		file, err := acquire(ctx, filepath.Join(arg, stateDir))
		if err != nil {
			fail(err)
		}
		fmt.Println("up")
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
		file.Close()
	case "supervise": // start a child and print its pid
		os.Setenv(modeVariable, "stubborn")
		c := &children{logs: arg, echo: func(string, string) {}, crash: func(*crashError) {}}
		p, err := c.start("child", os.Args[0], nil, nil)
		if err != nil {
			fail(err)
		}
		fmt.Println("up", p.pid())
		time.Sleep(time.Minute)
	case "report": // report the events like a detached run, "-" to stay for a while
		for _, line := range strings.Split(arg, "\n") {
			report := Report(os.Getenv)
			if line == "-" {
				report.Close()
				time.Sleep(time.Second) // it must not be killed
				os.Exit(0)
			}
			var e event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				fail(err)
			}
			encodeTo(report)(e)
		}
		fmt.Println("said all", os.Args[1:])
		os.Exit(1)
	default:
		fail(fmt.Errorf("no mode %s", mode))
	}
	os.Exit(0)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(9)
}

// startChild starts the test binary in a mode and waits for its first line, which it returns.
func startChild(t *testing.T, mode string) (cmd *exec.Cmd, says string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), modeVariable+"="+mode)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimPrefix(strings.TrimSpace(line), "up ")
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// alive reports whether a process with the pid exists and has not exited.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	// A process that has exited, but that no other process has waited for, still exists.
	out, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}
