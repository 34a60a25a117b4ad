;;; Cases and results as lines of words.
;;;
;;; A case is an operator and its inputs; a result is "ok" and the outputs,
;;; "error" with its full name and what it tells, or "skip".

(defpackage #:wire
  (:use #:cl)
  (:export #:counted #:one-of #:run #:truth #:whole #:word))

(in-package #:wire)

(defvar *words* '()
  "The words of the case that are left.")

(define-condition breach (error)
  ((name :initarg :name :reader breach-name))
  (:documentation "A word that no value of a type stands for."))

(defun word ()
  (or (pop *words*) ""))

(defun truth ()
  (string= (word) "1"))

(defun whole ()
  (parse-integer (word)))

(defun one-of (of-number breach otherwise)
  "A value of an enum, by its number."
  (or (funcall of-number (whole)) otherwise (error 'breach :name breach)))

(defun counted (one)
  "As many as the next word says."
  (loop repeat (whole) collect (funcall one)))

(defun split (line)
  (loop with start = 0
        for end = (position #\Space line :start start)
        collect (subseq line start end)
        while end
        do (setf start (1+ end))))

(defun result (tried)
  (handler-case (if tried (cons "ok" (funcall tried)) '("skip"))
    (breach (breach) (list "error" (breach-name breach)))
    (exact:contract-error (condition)
      (list* "error" (exact:error-name condition) (exact:arguments condition)))))

(defun run (operator)
  "Tries every case of the standard input."
  (loop for line = (read-line *standard-input* nil)
        while line
        do (let ((*words* (split line)))
             (format t "~{~A~^ ~}~%" (result (funcall operator (word)))))))
